/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/doctor.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include "cli/debian.h"

#define DEVICE_DEPTH 8 /* of devices on devices, as LVM on LUKS */
#define TPM "/dev/tpmrm0"

static bool read_line(const char *path, char *ret, size_t size)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (f == NULL)
		return false;
	ok = fgets(ret, (int)size, f) != NULL;
	(void)fclose(f);
	if (ok)
		ret[strcspn(ret, "\n")] = '\0';
	return ok;
}

/* Whether all that is written to the block device at that place in sysfs comes
 * through dm-crypt. */
static bool is_encrypted(const char *device, int depth)
{
	char path[4096], uuid[256];
	const struct dirent *entry;
	bool all = true;
	size_t n = 0;
	DIR *slaves;

	(void)snprintf(path, sizeof(path), "%s/dm/uuid", device);
	if (read_line(path, uuid, sizeof(uuid)) && strncmp(uuid, "CRYPT-", 6) == 0)
		return true;
	(void)snprintf(path, sizeof(path), "%s/slaves", device);
	slaves = depth == 0 ? NULL : opendir(path);
	while (slaves != NULL && all && (entry = readdir(slaves)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%.3000s/slaves/%.255s", device, entry->d_name);
		all = is_encrypted(path, depth - 1);
		n++;
	}
	if (slaves != NULL)
		(void)closedir(slaves);
	return all && n > 0;
}

static bool swap_is_safe(const char *path)
{
	char device[64];
	struct stat st;
	dev_t dev;

	if (strncmp(path, "/dev/zram", 9) == 0) /* memory, after all */
		return true;
	if (stat(path, &st) != 0)
		return false;
	dev = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	(void)snprintf(device, sizeof(device), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	return is_encrypted(device, DEVICE_DEPTH);
}

/* touchvault's own secrets are in locked memory; those of what "run" starts
 * aren't. */
static void look_at_swap(struct doctor_report *report)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[4096], path[4096];
	bool safe = true;

	if (f == NULL) {
		(void)doctor_add(report, "swap", DOCTOR_UNKNOWN, "/proc/swaps can't be read");
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] != '/' || sscanf(line, "%4095s", path) != 1 || swap_is_safe(path))
			continue;
		safe = false;
		doctor_mend(doctor_add(report, "swap", DOCTOR_WRONG,
				"%s is swap space without encryption: secrets of commands that "
				"\"run\" starts can get on disk",
				path),
		    "sudo swapoff %s", path);
	}
	(void)fclose(f);
	if (safe)
		(void)doctor_add(report, "swap", DOCTOR_FINE, "none, or encrypted");
}

/* core(5): the limit of size, which "run" sets to 0, doesn't hold for a pipe. */
static void look_at_cores(struct doctor_report *report)
{
	char pattern[256];

	if (!read_line("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)))
		(void)doctor_add(report, "cores", DOCTOR_UNKNOWN, "core_pattern can't be read");
	else if (pattern[0] == '|')
		doctor_mend(doctor_add(report, "cores", DOCTOR_WRONG,
				"crashes are piped to %.200s: a command that \"run\" started "
				"would leave its secrets there",
				pattern + 1),
		    "sudo sysctl -w kernel.core_pattern=core");
	else
		(void)doctor_add(report, "cores", DOCTOR_FINE, "not piped anywhere");
}

static void look_at_clock(struct doctor_report *report)
{
	struct timex t = { .modes = 0 };
	int r = adjtimex(&t);

	if (r < 0)
		(void)doctor_add(report, "clock", DOCTOR_UNKNOWN, "the kernel doesn't tell");
	else if (r == TIME_ERROR || (t.status & STA_UNSYNC))
		doctor_mend(doctor_add(report, "clock", DOCTOR_WRONG,
				"not synchronised: dates in the vault may be wrong"),
		    "sudo timedatectl set-ntp true");
	else
		(void)doctor_add(report, "clock", DOCTOR_FINE, "synchronised");
}

static void look_at_tpm(struct doctor_report *report)
{
	const struct passwd *pw = getpwuid(geteuid());

	if (access(TPM, F_OK) != 0)
		(void)doctor_add(report, "tpm", DOCTOR_FINE, "this machine has none");
	else if (access(TPM, R_OK | W_OK) == 0)
		(void)doctor_add(report, "tpm", DOCTOR_FINE, TPM " can be opened");
	else
		doctor_mend(doctor_add(report, "tpm", DOCTOR_WRONG,
				TPM " is there, and this user may not open it"),
		    "sudo usermod -aG tss %s", pw == NULL ? "USER" : pw->pw_name);
}

/* The first version of Debian's package without the fault. */
static const struct fault {
	const char *package, *fixed, *name;
} faults[] = {
	{ "libsodium23", "1.0.18-1+deb12u1", "CVE-2025-69277" },
};

static void look_at_libraries(struct doctor_report *report)
{
	char version[128];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault *f = &faults[i];

		if (!debian_version(f->package, version, sizeof(version)))
			(void)doctor_add(report, "libraries", DOCTOR_UNKNOWN,
			    "%s is not from a Debian package: see that it has the fix of %s",
			    f->package, f->name);
		else if (debian_compare(version, f->fixed) < 0)
			doctor_mend(doctor_add(report, "libraries", DOCTOR_WRONG, "%s %s has %s",
					f->package, version, f->name),
			    "sudo apt-get install --only-upgrade %s", f->package);
		else
			(void)doctor_add(
			    report, "libraries", DOCTOR_FINE, "%s %s", f->package, version);
	}
}

void doctor_look_at_system(struct doctor_report *report)
{
	look_at_swap(report);
	look_at_cores(report);
	look_at_clock(report);
	look_at_tpm(report);
	look_at_libraries(report);
}
