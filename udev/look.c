/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel lists: FIDO devices of class hidraw, and YubiKeys on the USB
 * bus. */
#include "udev/udev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udev/cleanup.h"
#include "udev/file.h"
#include "udev/host.h"
#include "udev/listed.h"
#include "udev/node.h"

#define HIDRAW_CLASS "/sys/class/hidraw"
#define USB_DEVICES "/sys/bus/usb/devices"
#define DESCRIPTOR_MAX 4097 /* HID_MAX_DESCRIPTOR_SIZE, and file_read's NUL */
#define USAGE_PAGE_FIDO 0xf1d0

struct list {
	struct udev_token *tokens;
	size_t n;
};

/* HID 1.11, section 6.2.2: a usage page is a global item with tag 0, 0x04 with
 * the size in its low two bits. */
static bool is_fido(const uint8_t *descriptor, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint8_t item = descriptor[i++];
		size_t size = (item & 0x03) == 3 ? 4 : item & 0x03;

		if (item == 0xfe) /* long item: its size is the next byte */
			size = i < len ? 2 + (size_t)descriptor[i] : len;
		if (size > len - i)
			return false;
		if ((item & 0xfc) == 0x04 && size == 2 &&
		    (descriptor[i] | descriptor[i + 1] << 8) == USAGE_PAGE_FIDO)
			return true;
		i += size;
	}
	return false;
}

static bool read_attribute(
    const char *dir, const char *name, const char *attribute, char *ret, size_t size)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%.255s/%s", dir, name, attribute);
	return file_read(path, ret, size) > 0;
}

static void set_product(struct udev_token *token, const char *text)
{
	size_t n = 0;

	for (; n < sizeof(token->product) - 1 && text[n] != '\0' && text[n] != '\n'; n++)
		token->product[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	token->product[n] = '\0';
}

static struct udev_token *add(struct list *list, enum udev_kind kind)
{
	if (list->n == UDEV_TOKENS_MAX)
		return NULL;
	list->tokens[list->n] = (struct udev_token){ .kind = kind };
	return &list->tokens[list->n++];
}

static void look_at_hidraw(const char *name, struct list *list)
{
	char descriptor[DESCRIPTOR_MAX], path[512], uevent[4096], product[UDEV_TEXT_MAX];
	struct udev_token *token;
	long n;

	(void)snprintf(path, sizeof(path), HIDRAW_CLASS "/%.255s/device/report_descriptor", name);
	n = file_read(path, descriptor, sizeof(descriptor));
	if (n <= 0 || !is_fido((const uint8_t *)descriptor, (size_t)n))
		return;
	token = add(list, UDEV_FIDO);
	if (token == NULL)
		return;
	(void)snprintf(token->node, sizeof(token->node), "/dev/%.48s", name);
	(void)snprintf(token->sys, sizeof(token->sys), HIDRAW_CLASS "/%.255s", name);
	if (read_attribute(HIDRAW_CLASS, name, "device/uevent", uevent, sizeof(uevent)) &&
	    file_line(uevent, "HID_NAME=", product, sizeof(product)))
		set_product(token, product);
}

static unsigned long number(const char *name, const char *attribute, int base)
{
	char text[32];

	if (!read_attribute(USB_DEVICES, name, attribute, text, sizeof(text)))
		return 0;
	return strtoul(text, NULL, base);
}

static void look_at_usb(const char *name, struct list *list)
{
	const struct listed *listed = listed_find(
	    (uint16_t)number(name, "idVendor", 16), (uint16_t)number(name, "idProduct", 16));
	struct udev_token *token;
	char product[UDEV_TEXT_MAX];

	if (listed == NULL || !(listed->kinds & 1U << UDEV_YUBIKEY))
		return;
	token = add(list, UDEV_YUBIKEY);
	if (token == NULL)
		return;
	(void)snprintf(token->node, sizeof(token->node), "/dev/bus/usb/%03lu/%03lu",
	    number(name, "busnum", 10), number(name, "devnum", 10));
	(void)snprintf(token->sys, sizeof(token->sys), USB_DEVICES "/%.255s", name);
	set_product(token, read_attribute(USB_DEVICES, name, "product", product, sizeof(product))
			       ? product
			       : listed->name);
}

static void look_in(const char *dir, void (*look)(const char *, struct list *), struct list *list)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			look(entry->d_name, list);
}

static int compare(const void *a, const void *b)
{
	const struct udev_token *x = a, *y = b;

	return x->kind != y->kind ? (int)x->kind - (int)y->kind : strverscmp(x->node, y->node);
}

void udev_look(
    struct udev_host *ret_host, struct udev_token ret[static UDEV_TOKENS_MAX], size_t *ret_n)
{
	struct list list = { .tokens = ret };
	struct access_user user;

	access_user_self(&user);
	host_look(&user, ret_host);
	look_in(HIDRAW_CLASS, look_at_hidraw, &list);
	look_in(USB_DEVICES, look_at_usb, &list);
	if (list.n > 0)
		qsort(ret, list.n, sizeof(ret[0]), compare);
	for (size_t i = 0; i < list.n; i++)
		node_look(&user, &ret[i]);
	*ret_n = list.n;
}
