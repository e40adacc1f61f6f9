# SPDX-License-Identifier: BSD-2-Clause
# A text file to a C string literal.
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	printf "\"%s\\n\"\n", $0
}
