# SPDX-License-Identifier: BSD-2-Clause
# Run by cpack on the .deb. Its outermost members have modes by the umask of who
# builds; ar knows how to leave that out.
foreach(package ${CPACK_PACKAGE_FILES})
	set(members debian-binary control.tar.gz data.tar.gz)
	set(directory ${CPACK_TOPLEVEL_DIRECTORY}/members)
	file(REMOVE_RECURSE ${directory})
	file(MAKE_DIRECTORY ${directory})
	execute_process(COMMAND ar x ${package} WORKING_DIRECTORY ${directory} COMMAND_ERROR_IS_FATAL ANY)
	file(REMOVE ${package})
	execute_process(COMMAND ar qcSD ${package} ${members}
		WORKING_DIRECTORY ${directory} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
