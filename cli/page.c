/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PDF is ISO 32000-1 in its simplest form: eight objects, nothing compressed, three
 * of the fonts that need not be in the file, in WinAnsiEncoding. Its coordinates
 * begin at the lower left corner.
 */
#include "cli/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *pdf, *svg;
} fonts[] = {
	[PAGE_PLAIN] = { "Helvetica", "font-family=\"Helvetica, Arial, sans-serif\"" },
	[PAGE_BOLD] = { "Helvetica-Bold",
	    "font-family=\"Helvetica, Arial, sans-serif\" font-weight=\"bold\"" },
	[PAGE_MONO] = { "Courier-Bold",
	    "font-family=\"Courier, 'Courier New', monospace\" font-weight=\"bold\"" },
};

__attribute__((format(printf, 2, 3))) static void put(struct wbuf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->len;
	va_list ap;
	int n;

	if (b->bad)
		return;
	va_start(ap, fmt);
	n = vsnprintf((char *)b->p + b->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		b->bad = true;
	else
		b->len += (size_t)n;
}

static void put_xml(struct wbuf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("<>&\"'", *text) != NULL)
			put(b, "&#%d;", *text);
		else
			wbuf_u8(b, (uint8_t)*text);
	}
}

static void put_pdf_string(struct wbuf *b, const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	wbuf_u8(b, '(');
	for (; *p != '\0'; p++) {
		if (*p == '(' || *p == ')' || *p == '\\')
			wbuf_u8(b, '\\');
		if (*p < 0x80)
			wbuf_u8(b, *p);
		else if ((*p == 0xc2 || *p == 0xc3) && p[1] >= 0x80)
			put(b, "\\%03o", (unsigned)(*p & 3) << 6 | (p[1] & 0x3f));
		else if (*p >= 0xc0)
			wbuf_u8(b, '?');
		if ((*p == 0xc2 || *p == 0xc3) && p[1] >= 0x80)
			p++;
	}
	wbuf_u8(b, ')');
}

/* The next object, up to "endobj", which closes it. */
static struct wbuf *object(struct page *page)
{
	page->objects[++page->n_objects] = page->b.len;
	put(&page->b, "%zu 0 obj\n", page->n_objects);
	return &page->b;
}

static void pdf_begin(struct page *page)
{
	/* Four bytes beyond ASCII, so that nobody takes it for text. */
	put(&page->b, "%%PDF-1.4\n%%\xe2\xe3\xcf\xd3\n");
	put(object(page), "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
	put(object(page), "<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
	put(object(page),
	    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 7 0 R\n"
	    "/Resources << /Font << /F0 4 0 R /F1 5 0 R /F2 6 0 R >> >> >>\nendobj\n",
	    PAGE_WIDTH, PAGE_HEIGHT);
	for (size_t i = 0; i < sizeof(fonts) / sizeof(fonts[0]); i++)
		put(object(page),
		    "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>\n"
		    "endobj\n",
		    fonts[i].pdf);
	put(object(page), "<< /Length 8 0 R >>\nstream\n");
	page->stream = page->b.len;
}

static void pdf_end(struct page *page)
{
	size_t len = page->b.len - page->stream, table;

	put(&page->b, "endstream\nendobj\n");
	put(object(page), "%zu\nendobj\n", len);
	table = page->b.len;
	put(&page->b, "xref\n0 %d\n0000000000 65535 f \n", PAGE_OBJECTS + 1);
	for (size_t i = 1; i <= PAGE_OBJECTS; i++)
		put(&page->b, "%010zu 00000 n \n", page->objects[i]);
	put(&page->b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
	    PAGE_OBJECTS + 1, table);
}

void page_begin(struct page *page, enum page_format format, void *p, size_t cap)
{
	*page = (struct page){ .format = format, .b = wbuf_of(p, cap) };
	if (format == PAGE_PDF) {
		pdf_begin(page);
		return;
	}
	put(&page->b,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" "
	    "viewBox=\"0 0 %d %d\">\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
	    PAGE_WIDTH, PAGE_HEIGHT);
}

void page_text(
    struct page *page, enum page_font font, unsigned size, unsigned x, unsigned y, const char *text)
{
	struct wbuf *b = &page->b;

	if (page->format == PAGE_PDF) {
		put(b, "BT /F%d %u Tf %u %u Td ", (int)font, size, x, PAGE_HEIGHT - y);
		put_pdf_string(b, text);
		put(b, " Tj ET\n");
		return;
	}
	put(b, "<text x=\"%u\" y=\"%u\" font-size=\"%u\" %s xml:space=\"preserve\">", x, y, size,
	    fonts[font].svg);
	put_xml(b, text);
	put(b, "</text>\n");
}

void page_box(struct page *page, unsigned x, unsigned y, unsigned width, unsigned height)
{
	if (page->format == PAGE_PDF)
		put(&page->b, "%u %u %u %u re f\n", x, PAGE_HEIGHT - y - height, width, height);
	else
		put(&page->b,
		    "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" "
		    "shape-rendering=\"crispEdges\"/>\n",
		    x, y, width, height);
}

size_t page_end(struct page *page)
{
	if (page->format == PAGE_PDF)
		pdf_end(page);
	else
		put(&page->b, "</svg>\n");
	return page->b.bad ? 0 : page->b.len;
}
