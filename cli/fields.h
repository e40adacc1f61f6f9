/* SPDX-License-Identifier: BSD-2-Clause */
/* The secret fields and labels of one entry on their way into the vault, or
 * out of it as JSON. Values live in locked memory. */
#ifndef TOUCHVAULT_CLI_FIELDS_H
#define TOUCHVAULT_CLI_FIELDS_H

#include "cli/option.h"
#include "vault/vault.h"

struct fields {
	size_t n;
	struct vault_field field[VAULT_FIELDS_MAX]; /* owned; values in locked memory */
	size_t n_labels;
	struct vault_label label[VAULT_LABELS_MAX]; /* keys owned, values borrowed from argv */
	size_t n_unset;
	const char *unset[VAULT_FIELDS_MAX]; /* borrowed from argv */
	size_t n_unset_labels;
	const char *unset_label[VAULT_LABELS_MAX];
	const struct vault_entry_info *of; /* names are to be of its fields; NULL: any */
};

void fields_clear(struct fields *); /* wipes and frees what it holds */
static inline void fields_clearp(struct fields *f)
{
	fields_clear(f);
}

/* NULL if there is none of that name. */
const struct vault_field *fields_find(const struct fields *, const char *name);

/* Add a field; value (locked memory) is taken over, also on failure, when it is
 * wiped. from says in messages where it is from ("line 7 of x.env"). An empty
 * value, a name that isn't well-formed, and one that is there already are
 * refused. Exit status, reported. */
int fields_take(const struct app *, struct fields *, const char *name, uint8_t *value, size_t len,
    const char *from) __attribute__((warn_unused_result));

/* The options that add and edit have in common, for their tables. */
#define FIELDS_OPTIONS                                                                      \
	{ "field", "NAME=-|NAME=@FILE", true,                                               \
		"a field from standard input, or from a file, as it is" },                  \
	    { "from-json", NULL, false, "fields from a JSON object on standard input" },    \
	    { "from-env", "FILE", false, "fields from a .env file (- is standard input)" }, \
	{                                                                                   \
		"label", "KEY=VALUE", true, "a label, which is shown without a touch"       \
	}

/* What the options alone tell: labels and names to unset are taken over, and
 * what is wrong is refused (a value in argv, two uses of standard input, bad
 * names) before anything is read. Exit status, reported; fields_clear in any
 * case. */
int fields_options(const struct app *, const struct arguments *, struct fields *ret)
    __attribute__((warn_unused_result));

/* Read every source that the options name: files, then standard input. With
 * none of them, and prompt, ask on the terminal. Exit status, reported. */
int fields_collect(const struct app *, const struct arguments *, bool prompt, struct fields *)
    __attribute__((warn_unused_result));

/* Ask for the value of a field on the terminal, where it isn't shown. An empty one
 * is not taken. Exit status, reported. */
int fields_ask_value(const struct app *, struct fields *, const char *name, const char *prompt,
    bool *ret_empty) __attribute__((warn_unused_result));

/* Dates of a credential, Unix seconds; 0 where there is none. */
struct fields_dates {
	int64_t expires, works_from;
};
/* Fields from the text of a JSON object (fields_json.c). text, which is locked
 * memory, is wiped and freed; from says in messages where it is from. dates, if not NULL,
 * may be in it, too: called as the options are, as no field can be. Exit status, reported. */
int fields_parse_json(const struct app *, struct fields *, struct fields_dates *dates,
    const char *from, uint8_t *text, size_t len) __attribute__((warn_unused_result));

/* {NAME: ENTRY, ...} as text in locked memory, which is the caller's to free. ret
 * begins empty. Exit status, reported. */
struct fields_text {
	uint8_t *bytes;
	size_t len;
};
int fields_format_json(const struct app *, const char *const *names,
    struct vault_entry *const *entries, size_t n, struct fields_text *ret)
    __attribute__((warn_unused_result));

/* Each string in a JSON text, but for names; none if it can't be read. From locked memory. */
void fields_each_string(const uint8_t *text, size_t len,
    void (*fn)(void *ctx, const uint8_t *text, size_t len), void *ctx);

/* Say what is stored now under name, without its secrets. Exit status. */
int fields_report(const struct app *, const struct vault *, const char *name)
    __attribute__((warn_unused_result));

/* One JSON object of all fields on standard output, as `add --from-json` takes
 * it: text as a string, bytes that are not UTF-8 (or hold NUL) as
 * {"base64":"..."}. Goes through locked memory only. Exit status, reported. */
int fields_print_json(const struct app *, const struct vault_entry *)
    __attribute__((warn_unused_result));

#endif
