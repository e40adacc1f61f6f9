/* SPDX-License-Identifier: BSD-2-Clause */
#include "token/device.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "token/hid.h"
#include "token/message.h"

#define DEVICE_CLASS "/sys/class/hidraw"

static void device_dirp(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static bool device_is_fido(const char *name)
{
	char path[sizeof(DEVICE_CLASS) + 300];
	uint8_t descriptor[HID_MAX_DESCRIPTOR_SIZE];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), DEVICE_CLASS "/%s/device/report_descriptor", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, descriptor, sizeof(descriptor));
	return n > 0 && hid_is_fido(descriptor, (size_t)n);
}

static void device_add(struct device_list *list, const char *name)
{
	struct token_device device = { 0 };
	int len;

	len = snprintf(device.path, sizeof(device.path), "/dev/%s", name);
	if (len < 0 || (size_t)len >= sizeof(device.path) || list->n == DEVICE_LIST_MAX)
		return;
	if (access(device.path, R_OK | W_OK) < 0)
		list->denied = true;
	else
		list->devices[list->n++] = device;
}

static int device_compare(const void *a, const void *b)
{
	return strverscmp(
	    ((const struct token_device *)a)->path, ((const struct token_device *)b)->path);
}

int device_list(struct device_list *ret)
{
	_cleanup_(device_dirp) DIR *dir = opendir(DEVICE_CLASS);
	struct device_list list = { 0 };
	const struct dirent *entry;

	if (dir != NULL)
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.' && device_is_fido(entry->d_name))
				device_add(&list, entry->d_name);
	if (list.n == 0)
		return list.denied ? TOKEN_ERR_PERMISSION : TOKEN_ERR_NONE;
	qsort(list.devices, list.n, sizeof(list.devices[0]), device_compare);
	*ret = list;
	return 0;
}

void device_product(int fd, char ret[static TOKEN_PRODUCT_MAX])
{
	char name[TOKEN_PRODUCT_MAX] = { 0 };

	if (ioctl(fd, HIDIOCGRAWNAME(sizeof(name) - 1), name) < 0)
		name[0] = '\0';
	message_copy_text(ret, TOKEN_PRODUCT_MAX, name);
}
