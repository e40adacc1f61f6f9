/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_TARGET FILE|DIR...: hand each file to the target once, where there is
 * no libFuzzer. So the seeds are regression tests in every build. */
#include <ftw.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned count;

static int feed(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	/* Just as long as the file, so that ASan sees a read behind its end. */
	size_t len = (size_t)st->st_size;
	uint8_t *p;
	FILE *f;

	(void)ftw;
	if (type != FTW_F)
		return 0;
	p = malloc(len);
	f = fopen(path, "rb");
	if (f == NULL || (p == NULL && len > 0) || fread(p, 1, len, f) != len) {
		perror(path);
		return 1;
	}
	fclose(f);
	(void)LLVMFuzzerTestOneInput(p, len);
	free(p);
	count++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (nftw(argv[i], feed, 8, FTW_PHYS) != 0)
			return 1;
	printf("%u inputs\n", count);
	return count == 0;
}
