/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "token/cleanup.h"
#include "token/token.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEAP_LEN (512 * 1024)
#define STACK_LEN (128 * 1024)

/* Everything that Landlock's first version knows. */
#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_ALL                                                                  \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_READ | \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |    \
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |        \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |        \
	    LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |      \
	    LANDLOCK_ACCESS_FS_MAKE_SYM)

static bool confine_usb;

static int confine_allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	_cleanup_close_ int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : TOKEN_ERR_INTERNAL;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return TOKEN_ERR_INTERNAL;
	return 0;
}

/* From now on: read what is below readable (NULL: nothing), read and write the
 * paths. Each call can only take away from what is left. */
static int confine_files(const char *const *readable, size_t n_readable, uint64_t access,
    const char *const *paths, size_t n)
{
	const struct landlock_ruleset_attr attr = { .handled_access_fs = FS_ALL };
	_cleanup_close_ int ruleset = -1;
	int r = 0;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : TOKEN_ERR_INTERNAL;
	for (size_t i = 0; i < n_readable && r == 0; i++)
		r = confine_allow(ruleset, readable[i], FS_READ);
	for (size_t i = 0; i < n && r == 0; i++)
		r = confine_allow(ruleset, paths[i], access);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = TOKEN_ERR_INTERNAL;
	return r;
}

/* All that the C library, libcrypto and libfido2 need for memory, time, and
 * devices that the helper opens itself. What is not here fails with ENOSYS, as
 * on an older kernel, so that a library's fallback can work; what starts or
 * touches another process ends this one. */
static const int confine_calls[] = {
	SCMP_SYS(access),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(close),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(flock),
	SCMP_SYS(fstat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(futex),
	SCMP_SYS(getdents64),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(newfstatat),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(read),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_yield),
	SCMP_SYS(seccomp), /* can only take away more */
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(set_robust_list), /* as rseq: a thread that has just begun */
	SCMP_SYS(sigaltstack),
	SCMP_SYS(stat),
	SCMP_SYS(statfs),
	SCMP_SYS(statx),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};
static const int confine_deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(connect),
};
/* What libusb does once, when it starts: a thread that hears from the kernel
 * what is plugged in. Ended by confine_settle. */
static const int confine_starting[] = {
	SCMP_SYS(bind),
	SCMP_SYS(eventfd2),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(pipe2),
	SCMP_SYS(setsockopt),
	SCMP_SYS(timerfd_create),
};

static void confine_filterp(scmp_filter_ctx *ctx)
{
	seccomp_release(*ctx);
}

/* No new code either. */
static int confine_add_mapping(scmp_filter_ctx ctx)
{
	const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int r = 0;

	for (size_t i = 0; i < COUNT(calls) && r == 0; i++)
		r = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, calls[i], 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/* Descriptors and locks; not F_SETOWN and O_ASYNC, by which the kernel sends a
 * signal to any process. */
static int confine_add_fcntl(scmp_filter_ctx ctx)
{
	const uint64_t commands[] = { F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC, F_OFD_SETLK };
	int r = 0;

	for (size_t i = 0; i < COUNT(commands) && r == 0; i++)
		r = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, commands[i]));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 2,
		    SCMP_A1(SCMP_CMP_EQ, F_SETFL), SCMP_A2(SCMP_CMP_MASKED_EQ, O_ASYNC, 0));
	return r;
}

/* What hidraw and usbfs answer; not TIOCSTI, which types on the terminal. */
static int confine_add_ioctl(scmp_filter_ctx ctx)
{
	const uint64_t types[] = { 'H', 'U' };
	int r = 0;

	for (size_t i = 0; i < COUNT(types) && r == 0; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, types[i] << 8));
	return r;
}

static int confine_add_calls(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(ctx, action, calls[i], 0);
	return r;
}

/* A socket to the kernel's news of devices, and no other; a thread, and no
 * process. */
static int confine_add_starting(scmp_filter_ctx ctx)
{
	const uint64_t thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
	int r = confine_add_calls(ctx, SCMP_ACT_ALLOW, confine_starting, COUNT(confine_starting));

	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_NE, AF_NETLINK));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
		    SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, NETLINK_KOBJECT_UEVENT));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
	if (r == 0)
		r = seccomp_rule_add(
		    ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	return r;
}

static int confine_system_calls(void)
{
	_cleanup_(confine_filterp) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int r = 0;

	if (ctx == NULL)
		return TOKEN_ERR_INTERNAL;
	r = confine_add_calls(ctx, SCMP_ACT_ALLOW, confine_calls, COUNT(confine_calls));
	if (r == 0)
		r = confine_add_calls(
		    ctx, SCMP_ACT_KILL_PROCESS, confine_deadly, COUNT(confine_deadly));
	if (r == 0)
		r = confine_add_starting(ctx);
	if (r == 0)
		r = confine_add_mapping(ctx);
	if (r == 0)
		r = confine_add_fcntl(ctx);
	if (r == 0)
		r = confine_add_ioctl(ctx);
	if (r == 0)
		r = seccomp_load(ctx);
	return r == 0 ? 0 : TOKEN_ERR_INTERNAL;
}

int confine(void)
{
	static const char *const readable[] = { "/sys", "/run/udev" };
	static const char *const devices[] = { "/dev" };
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return TOKEN_ERR_INTERNAL;
	r = confine_files(readable, COUNT(readable), FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE,
	    devices, COUNT(devices));
	return r < 0 ? r : confine_system_calls();
}

void confine_keep_usb(void)
{
	confine_usb = true;
}

/* For all threads, and beside the first filter: the stricter one counts. */
int confine_settle(void)
{
	static const int calls[] = { SCMP_SYS(socket), SCMP_SYS(clone), SCMP_SYS(clone3) };
	_cleanup_(confine_filterp) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx == NULL ? -ENOMEM : seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);

	if (r == 0)
		r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0); /* is set already */
	if (r == 0)
		r = confine_add_calls(ctx, SCMP_ACT_KILL_PROCESS, calls, COUNT(calls));
	if (r == 0)
		r = confine_add_calls(
		    ctx, SCMP_ACT_KILL_PROCESS, confine_starting, COUNT(confine_starting));
	if (r == 0)
		r = seccomp_load(ctx);
	return r == 0 ? 0 : TOKEN_ERR_INTERNAL;
}

int confine_devices(const char *const *paths, size_t n)
{
	const uint64_t access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	static const char *const usb[] = { "/sys", "/run/udev", "/dev/bus/usb" };
	const char *all[CONFINE_DEVICES_MAX + 1];
	int r;

	if (n > CONFINE_DEVICES_MAX)
		return TOKEN_ERR_INTERNAL;
	for (size_t i = 0; i < n; i++)
		all[i] = paths[i];
	all[n] = usb[2];
	r = confine_files(usb, confine_usb ? COUNT(usb) : 0, access, all, confine_usb ? n + 1 : n);
	return r < 0 || confine_usb ? r : confine_settle();
}

static int confine_lock(void *memory, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), offset = (uintptr_t)memory % page;

	if (mlock2((char *)memory - offset, len + offset, MLOCK_ONFAULT) < 0)
		return TOKEN_ERR_INTERNAL;
	return 0;
}

/* glibc: where the stack begins, above main's frame. */
extern void *__libc_stack_end;

/* The kernel grows a stack when it is used, and locks no part that isn't there
 * yet. */
static __attribute__((noinline)) int confine_lock_stack(void)
{
	char room[STACK_LEN];

	explicit_bzero(room, sizeof(room));
	return confine_lock(room, (size_t)((char *)__libc_stack_end - room));
}

int confine_memory(void)
{
	char *heap;
	int r;

	/* One heap, by brk, that is large enough and stays where it is. */
	mallopt(M_MMAP_MAX, 0);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TRIM_THRESHOLD, -1);
	heap = malloc(HEAP_LEN);
	if (heap == NULL)
		return TOKEN_ERR_INTERNAL;
	r = confine_lock(heap, HEAP_LEN);
	free(heap);
	return r < 0 ? r : confine_lock_stack();
}
