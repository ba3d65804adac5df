# tg_room(NAME FOLDER [USES room..] [LIBS lib..]): a static library of every source in FOLDER.
# *.sql and *.lua files of a room are embedded: `tg_embed_<file>_<ext>` is a NUL-terminated text.
if(TG_WERROR)
  set(TG_WERROR_FLAG -Werror)
endif()
add_library(tg_flags INTERFACE)
target_compile_options(tg_flags INTERFACE
  -Wall -Wextra -Wshadow ${TG_WERROR_FLAG} -fno-omit-frame-pointer
  -ffile-prefix-map=${CMAKE_BINARY_DIR}=. # what presets have in common is compiled once (ccache)
  -fno-semantic-interposition # nobody puts functions of ours in place of others
  $<$<COMPILE_LANGUAGE:C>:-Wconversion -Wno-sign-conversion -Wstrict-prototypes>
  $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes -Wvla>)
target_compile_definitions(tg_flags INTERFACE _GNU_SOURCE TG_VERSION="${TG_VERSION}"
  $<$<BOOL:${TG_FAULTS}>:TG_FAULTS>)
if(TG_SANITIZE)
  target_compile_options(tg_flags INTERFACE -fsanitize=${TG_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tg_flags INTERFACE -fsanitize=${TG_SANITIZE})
endif()
if(TG_SANITIZE STREQUAL thread)
  add_library(tg_tsan STATIC tests/tsan/threads.c)
  target_compile_options(tg_tsan PRIVATE -fsanitize=thread)
  target_compile_definitions(tg_tsan PRIVATE _GNU_SOURCE)
  target_link_libraries(tg_flags INTERFACE tg_tsan)
  target_link_options(tg_flags INTERFACE LINKER:--undefined=thrd_create)
endif()

function(tg_embed target folder)
  file(GLOB texts CONFIGURE_DEPENDS ${folder}/*.sql ${folder}/*.lua)
  foreach(text ${texts})
    get_filename_component(name ${text} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol ${name})
    set(out ${CMAKE_BINARY_DIR}/embed/${target}_${symbol}.c)
    add_custom_command(OUTPUT ${out} DEPENDS ${text} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
      COMMAND ${CMAKE_COMMAND} -DIN=${text} -DOUT=${out} -DSYMBOL=tg_embed_${symbol}
              -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
    target_sources(${target} PRIVATE ${out})
  endforeach()
endfunction()

function(tg_room name folder)
  cmake_parse_arguments(ROOM "" "" "USES;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c ${folder}/*.cc)
  if(NOT sources)
    set(sources ${CMAKE_SOURCE_DIR}/cmake/empty.c)
  endif()
  add_library(tg_${name} STATIC ${sources})
  target_include_directories(tg_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  foreach(room ${ROOM_USES})
    target_link_libraries(tg_${name} PUBLIC tg_${room})
  endforeach()
  target_link_libraries(tg_${name} PUBLIC tg_flags ${ROOM_LIBS})
  tg_embed(tg_${name} ${folder})
endfunction()
