/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of libusb that libykpers calls, over the keys in software. */
#include <libusb.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "otp.h"
#include "policy.h"
#include "setup.h"

#define EXPORT __attribute__((visibility("default")))

#define USB_VENDOR 0x1050  /* Yubico */
#define USB_PRODUCT 0x0407 /* OTP, FIDO and CCID */
#define USB_RELEASE 0x0543
#define USB_CONFIGURATION 1
#define USB_INTERFACE 0 /* the keyboard */

#define HID_GET_REPORT 0x01
#define HID_SET_REPORT 0x09
#define HID_FEATURE_0 0x0300 /* type, and number */
#define HID_TYPE (LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE)

struct libusb_context {
	int unused;
};

struct libusb_device {
	struct otp otp;
	bool kernel_driver_off;
	libusb_device_handle *claimed_by;
};

struct libusb_device_handle {
	libusb_device *device;
};

static struct libusb_context usb_context;
static struct libusb_device usb_devices[STATE_KEYS_MAX];

EXPORT int libusb_init(libusb_context **ctx)
{
	if (ctx != NULL)
		*ctx = &usb_context;
	return LIBUSB_SUCCESS;
}

EXPORT void libusb_exit(libusb_context *ctx)
{
	(void)ctx;
}

static bool usb_is_plugged_in(libusb_device *device)
{
	enum fault fault = policy_fault();

	if (fault != FAULT_UNPLUG_WAITING)
		device->otp.gone = false;
	if (fault != FAULT_ABSENT && !device->otp.gone)
		return true;
	/* The kernel takes it again when it comes back. */
	device->kernel_driver_off = false;
	return false;
}

EXPORT ssize_t libusb_get_device_list(libusb_context *ctx, libusb_device ***list)
{
	libusb_device **devices = calloc(STATE_KEYS_MAX + 1, sizeof(libusb_device *));
	ssize_t n = 0;

	(void)ctx;
	if (devices == NULL)
		return LIBUSB_ERROR_NO_MEM;
	policy_refresh();
	for (unsigned i = 0; i < setup_keys(); i++) {
		usb_devices[i].otp.index = i;
		if (usb_is_plugged_in(&usb_devices[i]))
			devices[n++] = &usb_devices[i];
	}
	log_line("list %zd", n);
	*list = devices;
	return n;
}

EXPORT void libusb_free_device_list(libusb_device **list, int unref_devices)
{
	(void)unref_devices;
	free(list);
}

EXPORT int libusb_get_device_descriptor(
    libusb_device *device, struct libusb_device_descriptor *desc)
{
	(void)device;
	*desc = (struct libusb_device_descriptor){
		.bLength = LIBUSB_DT_DEVICE_SIZE,
		.bDescriptorType = LIBUSB_DT_DEVICE,
		.bcdUSB = 0x0200,
		.bMaxPacketSize0 = 64,
		.idVendor = USB_VENDOR,
		.idProduct = USB_PRODUCT,
		.bcdDevice = USB_RELEASE,
		.bNumConfigurations = 1,
	};
	return LIBUSB_SUCCESS;
}

EXPORT int libusb_open(libusb_device *device, libusb_device_handle **ret)
{
	libusb_device_handle *handle;

	policy_refresh();
	if (policy_fault() == FAULT_PERMISSION)
		return LIBUSB_ERROR_ACCESS;
	if (!usb_is_plugged_in(device))
		return LIBUSB_ERROR_NO_DEVICE;
	handle = calloc(1, sizeof(*handle));
	if (handle == NULL)
		return LIBUSB_ERROR_NO_MEM;
	handle->device = device;
	log_line("open key %u", device->otp.index + 1);
	*ret = handle;
	return LIBUSB_SUCCESS;
}

EXPORT libusb_device *libusb_get_device(libusb_device_handle *handle)
{
	return handle->device;
}

EXPORT int libusb_get_configuration(libusb_device_handle *handle, int *config)
{
	(void)handle;
	*config = USB_CONFIGURATION;
	return LIBUSB_SUCCESS;
}

EXPORT int libusb_set_configuration(libusb_device_handle *handle, int config)
{
	(void)handle;
	return config == USB_CONFIGURATION ? LIBUSB_SUCCESS : LIBUSB_ERROR_NOT_FOUND;
}

EXPORT int libusb_kernel_driver_active(libusb_device_handle *handle, int interface)
{
	return interface == USB_INTERFACE && !handle->device->kernel_driver_off;
}

EXPORT int libusb_detach_kernel_driver(libusb_device_handle *handle, int interface)
{
	if (!libusb_kernel_driver_active(handle, interface))
		return LIBUSB_ERROR_NOT_FOUND;
	handle->device->kernel_driver_off = true;
	log_line("detach key %u", handle->device->otp.index + 1);
	return LIBUSB_SUCCESS;
}

EXPORT int libusb_attach_kernel_driver(libusb_device_handle *handle, int interface)
{
	libusb_device *device = handle->device;

	if (!usb_is_plugged_in(device))
		return LIBUSB_ERROR_NO_DEVICE;
	if (interface != USB_INTERFACE || !device->kernel_driver_off)
		return LIBUSB_ERROR_NOT_FOUND;
	if (device->claimed_by != NULL)
		return LIBUSB_ERROR_BUSY;
	device->kernel_driver_off = false;
	log_line("attach key %u", device->otp.index + 1);
	return LIBUSB_SUCCESS;
}

/* As with usbfs, another process's claim keeps us out; it lasts for one report,
 * so this happens where two programs use a key at once. */
EXPORT int libusb_claim_interface(libusb_device_handle *handle, int interface)
{
	libusb_device *device = handle->device;

	policy_refresh();
	if (interface != USB_INTERFACE)
		return LIBUSB_ERROR_NOT_FOUND;
	if (!usb_is_plugged_in(device))
		return LIBUSB_ERROR_NO_DEVICE;
	if (device->claimed_by == handle)
		return LIBUSB_SUCCESS;
	if (policy_fault() == FAULT_BUSY || !device->kernel_driver_off ||
	    device->claimed_by != NULL || state_lock(device->otp.index) < 0)
		return LIBUSB_ERROR_BUSY;
	device->claimed_by = handle;
	return LIBUSB_SUCCESS;
}

EXPORT int libusb_release_interface(libusb_device_handle *handle, int interface)
{
	libusb_device *device = handle->device;

	if (interface != USB_INTERFACE || device->claimed_by != handle)
		return LIBUSB_ERROR_NOT_FOUND;
	device->claimed_by = NULL;
	state_unlock(device->otp.index);
	return LIBUSB_SUCCESS;
}

EXPORT void libusb_close(libusb_device_handle *handle)
{
	libusb_device *device = handle->device;

	(void)libusb_release_interface(handle, USB_INTERFACE);
	log_line("close key %u", device->otp.index + 1);
	free(handle);
}

static int usb_report(struct otp *o, uint8_t request_type, uint8_t request, uint8_t *data)
{
	uint8_t report[OTP_REPORT_LEN];
	int r;

	if (request_type == (HID_TYPE | LIBUSB_ENDPOINT_OUT) && request == HID_SET_REPORT)
		return otp_set_report(o, data);
	if (request_type != (HID_TYPE | LIBUSB_ENDPOINT_IN) || request != HID_GET_REPORT)
		return OTP_ERR_IO;
	r = otp_get_report(o, report);
	if (r == 0)
		memcpy(data, report, sizeof(report));
	explicit_bzero(report, sizeof(report));
	return r;
}

EXPORT int libusb_control_transfer(libusb_device_handle *handle, uint8_t request_type,
    uint8_t request, uint16_t value, uint16_t index, unsigned char *data, uint16_t length,
    unsigned int timeout)
{
	libusb_device *device = handle->device;
	int r;

	(void)timeout;
	if (!usb_is_plugged_in(device))
		return LIBUSB_ERROR_NO_DEVICE;
	if (device->claimed_by != handle)
		return LIBUSB_ERROR_BUSY;
	if (policy_fault() == FAULT_IO || state_load(device->otp.index, &device->otp.key) < 0)
		return LIBUSB_ERROR_IO;
	if (value != HID_FEATURE_0 || index != USB_INTERFACE || length != OTP_REPORT_LEN)
		return LIBUSB_ERROR_PIPE;
	r = usb_report(&device->otp, request_type, request, data);
	if (r < 0)
		return r == OTP_ERR_GONE ? LIBUSB_ERROR_NO_DEVICE : LIBUSB_ERROR_IO;
	return OTP_REPORT_LEN;
}
