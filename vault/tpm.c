/* SPDX-License-Identifier: BSD-2-Clause */
#include "vault/tpm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "vault/err.h"
#include "vault/tpm_esys.h"

/* Shared with the child: in memory of its own, since a fork wipes the arena. A fork drops
 * locks, too, but this one holds as long as the parent waits. */
struct job {
	bool unseal;
	uint8_t auth[TPM_AUTH_LEN], secret[TPM_SECRET_LEN];
	struct tpm_sealed sealed;
	int err;
};

static int job_new(struct job **ret)
{
	struct job *job =
	    mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (job == MAP_FAILED)
		return VAULT_ERR_NOMEM;
	if (mlock(job, sizeof(*job)) != 0) {
		(void)munmap(job, sizeof(*job));
		return VAULT_ERR_MLOCK;
	}
	(void)madvise(job, sizeof(*job), MADV_DONTDUMP);
	*ret = job;
	return 0;
}

static void job_freep(struct job **job)
{
	if (*job == NULL)
		return;
	sodium_memzero(*job, sizeof(**job));
	(void)munmap(*job, sizeof(**job));
}

__attribute__((noreturn)) static void child(struct job *job, pid_t parent)
{
	/* It isn't to hold secrets, nor the TPM, longer than somebody waits for it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	(void)close_range(STDERR_FILENO + 1, ~0U, 0);
	/* The libraries would log secrets, or load more, if a variable said so. */
	if (clearenv() != 0 || setenv("TSS2_LOG", "all+NONE", 1) != 0)
		job->err = VAULT_ERR_NOMEM;
	else if (job->unseal)
		job->err = tpm_esys_unseal(&job->sealed, job->auth, job->secret);
	else
		job->err = tpm_esys_seal(job->auth, job->secret, &job->sealed);
	_exit(0);
}

/* Each command of the child to the TPM has a deadline. */
static int job_run(struct job *job)
{
	pid_t self = getpid(), pid;

	job->err = VAULT_ERR_TPM_FAILED; /* unless the child comes to say otherwise */
	pid = fork();
	if (pid < 0)
		return VAULT_ERR_NOMEM;
	if (pid == 0)
		child(job, self);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return job->err;
}

int tpm_seal(const char *path, const uint8_t auth[static TPM_AUTH_LEN],
    const uint8_t secret[static TPM_SECRET_LEN], struct tpm_sealed *ret)
{
	__attribute__((cleanup(job_freep))) struct job *job = NULL;
	int r;

	if (path[0] != '/' || strlen(path) > TPM_PATH_MAX)
		return VAULT_ERR_ARGUMENT;
	r = job_new(&job);
	if (r != 0)
		return r;
	memcpy(job->sealed.path, path, strlen(path) + 1);
	memcpy(job->auth, auth, TPM_AUTH_LEN);
	memcpy(job->secret, secret, TPM_SECRET_LEN);
	r = job_run(job);
	if (r == 0)
		*ret = job->sealed;
	return r;
}

int tpm_unseal(const struct tpm_sealed *sealed, const uint8_t auth[static TPM_AUTH_LEN],
    uint8_t ret[static TPM_SECRET_LEN])
{
	__attribute__((cleanup(job_freep))) struct job *job = NULL;
	int r = job_new(&job);

	if (r != 0)
		return r;
	job->unseal = true;
	job->sealed = *sealed;
	memcpy(job->auth, auth, TPM_AUTH_LEN);
	r = job_run(job);
	if (r == 0)
		memcpy(ret, job->secret, TPM_SECRET_LEN);
	return r;
}
