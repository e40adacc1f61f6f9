/* SPDX-License-Identifier: BSD-2-Clause */
/* What the environment asks for, when the library is loaded. */
#ifndef VIRTUALYK_SETUP_H
#define VIRTUALYK_SETUP_H

/* How many keys there are; 0 also where the environment can't be followed. */
unsigned setup_keys(void);

#endif
