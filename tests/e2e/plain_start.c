/* SPDX-License-Identifier: BSD-2-Clause */
/* Starts the program called as this one, and ".run", without the libraries that are
 * preloaded for touchvault. Linked statically, so that they aren't in here either. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	(void)argc;
	(void)snprintf(path, sizeof(path), "%s.run", argv[0]);
	(void)unsetenv("LD_PRELOAD");
	(void)execv(path, argv);
	perror(path);
	return 127;
}
