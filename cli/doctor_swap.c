/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether what is swapped out gets on a disk in clear. */
#include "cli/doctor.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli/shell_word.h"

#define DEVICE_DEPTH 8 /* of devices on devices, as LVM on LUKS */
#define BTRFS "/sys/fs/btrfs"
#define LINE_MAX_LEN 8192

enum swap { SWAP_SAFE, SWAP_CLEAR, SWAP_UNKNOWN };

static void closedirp(DIR **d)
{
	if (*d != NULL)
		(void)closedir(*d);
}

/* Whether all that is written to the block device at that place in sysfs comes
 * through dm-crypt. */
static bool is_encrypted(const char *device, int depth)
{
	__attribute__((cleanup(closedirp))) DIR *slaves = NULL;
	char path[PATH_MAX], uuid[256] = "";
	const struct dirent *entry;
	size_t n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%.3800s/dm/uuid", device);
	f = fopen(path, "re");
	if (f != NULL && fgets(uuid, sizeof(uuid), f) == NULL)
		uuid[0] = '\0';
	if (f != NULL)
		(void)fclose(f);
	if (strncmp(uuid, "CRYPT-", 6) == 0)
		return true;
	(void)snprintf(path, sizeof(path), "%.3800s/slaves", device);
	slaves = depth == 0 ? NULL : opendir(path);
	while (slaves != NULL && (entry = readdir(slaves)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%.3800s/slaves/%.255s", device, entry->d_name);
		if (!is_encrypted(path, depth - 1))
			return false;
		n++;
	}
	return n > 0;
}

static enum swap look_at_device(dev_t dev)
{
	char device[64];

	(void)snprintf(device, sizeof(device), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	if (access(device, F_OK) != 0)
		return SWAP_UNKNOWN;
	return is_encrypted(device, DEVICE_DEPTH) ? SWAP_SAFE : SWAP_CLEAR;
}

/* All devices of the file system at that place in sysfs, if dev is one of them. */
static enum swap look_at_btrfs(const char *devices, const char *dev)
{
	__attribute__((cleanup(closedirp))) DIR *d = NULL;
	char path[PATH_MAX];
	const struct dirent *entry;
	bool all = true;

	(void)snprintf(path, sizeof(path), "%.3000s/%.255s", devices, dev);
	if (access(path, F_OK) == 0)
		d = opendir(devices);
	if (d == NULL)
		return SWAP_UNKNOWN;
	while (all && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%.3000s/%.255s", devices, entry->d_name);
		all = is_encrypted(path, DEVICE_DEPTH);
	}
	return all ? SWAP_SAFE : SWAP_CLEAR;
}

/* btrfs gives its files a device number that no device has, and may lie on several. */
static enum swap look_at_source(const char *source)
{
	__attribute__((cleanup(closedirp))) DIR *d = opendir(BTRFS);
	char device[64], target[PATH_MAX], path[PATH_MAX];
	const struct dirent *entry;
	enum swap found = SWAP_UNKNOWN;
	struct stat st;
	ssize_t n;

	if (source[0] != '/' || stat(source, &st) != 0 || !S_ISBLK(st.st_mode))
		return SWAP_UNKNOWN;
	(void)snprintf(
	    device, sizeof(device), "/sys/dev/block/%u:%u", major(st.st_rdev), minor(st.st_rdev));
	n = readlink(device, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	while (d != NULL && found == SWAP_UNKNOWN && (entry = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), BTRFS "/%.255s/devices", entry->d_name);
		found = look_at_btrfs(path, basename(target));
	}
	return found != SWAP_UNKNOWN ? found : look_at_device(st.st_rdev);
}

/* What /proc has as \040. In place. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p++) {
		if (p[0] == '\\' && strspn(p + 1, "01234567") >= 3) {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
}

static bool is_below(const char *path, const char *mount)
{
	size_t len = strcmp(mount, "/") == 0 ? 0 : strlen(mount);

	return strncmp(path, mount, len) == 0 && path[len] == '/';
}

/* proc_pid_mountinfo(5): what is mounted where the file is, the last of those that lie
 * on one another. */
static enum swap look_at_mount(const char *path)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[LINE_MAX_LEN], mount[PATH_MAX], at[PATH_MAX] = "", source[PATH_MAX] = "";

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		const char *rest = strstr(line, " - ");

		if (rest == NULL || sscanf(line, "%*s %*s %*s %*s %4095s", mount) != 1)
			continue;
		unescape(mount);
		if (!is_below(path, mount) || strlen(mount) < strlen(at))
			continue;
		(void)snprintf(at, sizeof(at), "%s", mount);
		if (sscanf(rest, " - %*s %4095s", source) != 1)
			source[0] = '\0';
	}
	if (f != NULL)
		(void)fclose(f);
	unescape(source);
	return look_at_source(source);
}

static enum swap look_at(const char *path)
{
	struct stat st;

	if (strncmp(path, "/dev/zram", 9) == 0) /* memory, after all */
		return SWAP_SAFE;
	if (stat(path, &st) != 0)
		return SWAP_UNKNOWN;
	if (S_ISBLK(st.st_mode))
		return look_at_device(st.st_rdev);
	return major(st.st_dev) == 0 ? look_at_mount(path) : look_at_device(st.st_dev);
}

static void report_one(struct doctor_report *report, const char *path, enum swap swap)
{
	char word[SHELL_WORD_MAX];
	struct doctor_finding *f;

	if (swap == SWAP_UNKNOWN) {
		(void)doctor_add(report, "swap", DOCTOR_UNKNOWN,
		    "%s: it isn't known whether what it is on is encrypted", path);
		return;
	}
	f = doctor_add(report, "swap", DOCTOR_WRONG,
	    "%s is swap space without encryption: secrets of commands that \"run\" starts can get "
	    "on disk",
	    path);
	doctor_mend(f, "sudo swapoff %s", shell_word(path, word, sizeof(word)))->then =
	    ", which lasts until the next start; for good, take it out of /etc/fstab, too";
}

/* touchvault's own secrets are in locked memory; those of what "run" starts
 * aren't. */
void doctor_look_at_swap(struct doctor_report *report)
{
	FILE *f = fopen("/proc/swaps", "re");
	char line[LINE_MAX_LEN], path[PATH_MAX];
	bool safe = true;

	if (f == NULL) {
		(void)doctor_add(report, "swap", DOCTOR_UNKNOWN, "/proc/swaps can't be read");
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		enum swap swap;

		if (line[0] != '/' || sscanf(line, "%4095s", path) != 1)
			continue;
		unescape(path);
		swap = look_at(path);
		if (swap != SWAP_SAFE)
			report_one(report, path, swap);
		safe &= swap == SWAP_SAFE;
	}
	(void)fclose(f);
	if (safe)
		(void)doctor_add(report, "swap", DOCTOR_FINE, "none, or encrypted");
}
