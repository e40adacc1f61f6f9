/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left to whoever takes the helper over: each probe in a process of its
 * own, which the kernel ends, or refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "token/confine.h"

#define REFUSED 42

static int devices(void)
{
	int r = confine();

	return r < 0 ? r : confine_devices(NULL, 0);
}

/* 0: it could; REFUSED; or the signal that ended it, negative. */
static int probe(int (*confined)(void), int (*attempt)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(confined() < 0 ? 1 : attempt() < 0 ? REFUSED : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static int try_fork(void)
{
	return fork();
}

static int try_execve(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	return execve("/bin/true", argv, NULL);
}

static int try_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int try_uevents(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 15);
}

static int try_signal_by_owner(void)
{
	return fcntl(STDIN_FILENO, F_SETOWN, getppid());
}

static int try_async(void)
{
	return fcntl(STDIN_FILENO, F_SETFL, O_ASYNC);
}

static int try_typing(void)
{
	return ioctl(STDIN_FILENO, TIOCSTI, "x");
}

static int try_etc(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int try_dev(void)
{
	return open("/dev/null", O_RDWR);
}

static int thread_result;

static void *thread_opens(void *unused)
{
	(void)unused;
	thread_result = open("/dev/null", O_RDWR);
	return NULL;
}

/* As libusb's thread: made after the files are gone, before no more can be. */
static int try_thread_dev(void)
{
	pthread_t thread;

	confine_keep_usb();
	if (devices() < 0 || pthread_create(&thread, NULL, thread_opens, NULL) != 0)
		_exit(2);
	pthread_join(thread, NULL);
	return thread_result;
}

static int try_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, thread_opens, NULL) == 0 ? 0 : -1;
}

static int nothing(void)
{
	return 0;
}

static int settled_usb(void)
{
	confine_keep_usb();
	return devices() < 0 ? -1 : confine_settle();
}

static void processes_and_sockets_end_it(void **state)
{
	int (*const attempts[])(void) = { try_fork, try_execve, try_unix, try_inet };

	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int r = probe(devices, attempts[i]);

		/* fork is clone by now, which is refused where it makes no thread. */
		assert_true(r == -SIGSYS || (attempts[i] == try_fork && r == REFUSED));
	}
}

static void no_signal_and_no_key_reaches_others(void **state)
{
	(void)state;
	assert_int_equal(probe(devices, try_signal_by_owner), REFUSED);
	assert_int_equal(probe(devices, try_async), REFUSED);
	assert_int_equal(probe(devices, try_typing), REFUSED);
}

static void files_are_out_of_reach(void **state)
{
	(void)state;
	if (!has_landlock())
		skip();
	assert_int_equal(probe(confine, try_etc), REFUSED);
	assert_int_equal(probe(devices, try_etc), REFUSED);
	assert_int_equal(probe(devices, try_dev), REFUSED);
	assert_int_equal(probe(nothing, try_thread_dev), REFUSED);
}

/* libusb's own socket, once, and never again. */
static void settling_is_for_good(void **state)
{
	(void)state;
	assert_int_equal(probe(confine, try_uevents), 0);
	assert_int_equal(probe(settled_usb, try_uevents), -SIGSYS);
	assert_int_equal(probe(devices, try_uevents), -SIGSYS);
	assert_int_equal(probe(confine, try_thread), 0);
	assert_int_equal(probe(settled_usb, try_thread), -SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes_and_sockets_end_it),
		cmocka_unit_test(no_signal_and_no_key_reaches_others),
		cmocka_unit_test(files_are_out_of_reach),
		cmocka_unit_test(settling_is_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
