/* SPDX-License-Identifier: BSD-2-Clause */
/* One page of A4, as SVG or PDF: text in three fonts that every viewer and printer has,
 * and black boxes. Written to memory of the caller's, and nowhere else. */
#ifndef TOUCHVAULT_CLI_PAGE_H
#define TOUCHVAULT_CLI_PAGE_H

#include "vault/buf.h"

#define PAGE_WIDTH 595 /* points, of which 72 are an inch */
#define PAGE_HEIGHT 842
#define PAGE_OBJECTS 8

enum page_format {
	PAGE_SVG,
	PAGE_PDF,
};

enum page_font {
	PAGE_PLAIN,
	PAGE_BOLD,
	PAGE_MONO,
};

struct page {
	enum page_format format;
	struct wbuf b;
	size_t objects[PAGE_OBJECTS + 1]; /* of a PDF: where they begin */
	size_t n_objects, stream;
};

/* p: cap bytes, in locked memory if what is written is secret. */
void page_begin(struct page *, enum page_format, void *p, size_t cap);
/* In points from the upper left corner; y is the base line. text: UTF-8 without control
 * characters; a PDF has "?" for what is not in Latin-1. */
void page_text(
    struct page *, enum page_font, unsigned size, unsigned x, unsigned y, const char *text);
void page_box(struct page *, unsigned x, unsigned y, unsigned width, unsigned height);
/* Bytes written; 0 where there was not enough room. */
size_t page_end(struct page *);

#endif
