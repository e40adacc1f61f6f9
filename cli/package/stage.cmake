# SPDX-License-Identifier: BSD-2-Clause
# Run by cpack on what is to be packed: what Debian's policy wants to be compressed,
# the bill of materials, and the date of every file; and the same files as a .tar.gz,
# since cpack's own keeps the order of the directory and the owner.
set(root ${CPACK_TEMPORARY_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX})
set(doc ${root}/share/doc/touchvault)
file(GLOB pages ${root}/share/man/man*/*)
execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND gzip -9nc ${CMAKE_CURRENT_LIST_DIR}/changelog
	OUTPUT_FILE ${doc}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND python3 -B ${CMAKE_CURRENT_LIST_DIR}/sbom.py
	${CPACK_PACKAGE_VERSION} ${CPACK_TEMPORARY_DIRECTORY} share/doc/touchvault/touchvault.spdx.json
	COMMAND_ERROR_IS_FATAL ANY)
# Whatever the umask of who builds.
execute_process(COMMAND chmod -R u=rwX,go=rX ${CPACK_TEMPORARY_DIRECTORY} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY}
	-exec touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} +
	COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND tar --create --file=${CPACK_PACKAGE_DIRECTORY}/${CPACK_PACKAGE_FILE_NAME}.tar.gz
	--use-compress-program=gzip\ -9n --format=gnu --sort=name --owner=root:0 --group=root:0
	--transform=s,^[.],${CPACK_PACKAGE_FILE_NAME}, --directory=${root} .
	COMMAND_ERROR_IS_FATAL ANY)
