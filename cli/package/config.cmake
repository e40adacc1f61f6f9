# SPDX-License-Identifier: BSD-2-Clause
# Read by cpack. The date of everything in the packages: the last commit's; of a
# source without git, the changelog's.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
	set(source ${CMAKE_CURRENT_LIST_DIR}/../..)
	execute_process(COMMAND git -C ${source} log -1 --format=%ct -- .
		OUTPUT_VARIABLE date ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(date STREQUAL "")
		execute_process(COMMAND dpkg-parsechangelog -S Timestamp -l ${CMAKE_CURRENT_LIST_DIR}/changelog
			OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
	endif()
	set(ENV{SOURCE_DATE_EPOCH} ${date})
endif()
