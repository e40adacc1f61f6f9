/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/doctor.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "cli/debian.h"

#define TPM "/dev/tpmrm0"
/* After those of the distribution, which has one for its handler of crashes. */
#define SYSCTL "/etc/sysctl.d/99-touchvault.conf"

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
		    "echo kernel.core_pattern=core | sudo tee " SYSCTL
		    " && sudo sysctl -p " SYSCTL);
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
		    "sudo usermod -aG tss %s", pw == NULL ? "USER" : pw->pw_name)
		    ->then = " and log in again";
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
	doctor_look_at_swap(report);
	look_at_cores(report);
	look_at_clock(report);
	look_at_tpm(report);
	look_at_libraries(report);
}
