# SPDX-License-Identifier: BSD-2-Clause
# Debian's copyright file, of which LICENSE is the text: an empty line is a full stop there.
file(READ ${PROJECT_SOURCE_DIR}/LICENSE text)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]+)\nAll rights reserved\\.\n\n(.+)\n$" whole "${text}")
if(whole STREQUAL "")
	message(FATAL_ERROR "LICENSE doesn't begin as the package's copyright file wants it")
endif()
set(holder ${CMAKE_MATCH_1})
string(REPLACE "\n" "\n " text "${CMAKE_MATCH_2}")
string(REPLACE "\n \n" "\n .\n" text "${text}")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/copyright
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: touchvault

Files: *
Copyright: ${holder}
License: BSD-2-Clause
 ${text}
")
