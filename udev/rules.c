/* SPDX-License-Identifier: BSD-2-Clause */
#include "udev/udev.h"

/* Made by text.awk. */
const char udev_rules_text[] =
#include "rules.inc"
    ;
const char udev_lock_text[] =
#include "lock.inc"
    ;
