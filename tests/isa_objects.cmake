# What an object compiled for one instruction set must and must not contain.
# -DOBJECTS=a.o;b.o -DNM=nm -DOBJDUMP=objdump, and -DUSES=<regex> that its code must match
# or -DREFUSES=<regex> that its code must not match.
foreach(object IN LISTS OBJECTS)
  get_filename_component(file ${object} NAME)
  execute_process(COMMAND ${OBJDUMP} -d --no-show-raw-insn ${object} OUTPUT_VARIABLE code COMMAND_ERROR_IS_FATAL ANY)
  if(DEFINED REFUSES AND code MATCHES "${REFUSES}")
    message(FATAL_ERROR "${file} runs on every machine but contains '${CMAKE_MATCH_0}'")
  endif()
  if(NOT DEFINED USES)
    continue()
  endif()
  # A weak symbol exists once in the program: the linker may keep this copy for code that runs on every machine.
  # A static initialiser runs at import, before anything was asked about the CPU.
  execute_process(COMMAND ${NM} -C --defined-only ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  if(symbols MATCHES "[0-9a-f]+ ([WVu] [^\n]+|. _GLOBAL__sub_I[^\n]*)")
    message(FATAL_ERROR "${file} defines '${CMAKE_MATCH_1}'")
  endif()
  # Equal results also come from scalar code, so only the instructions prove that the level is real.
  if(NOT code MATCHES "${USES}")
    message(FATAL_ERROR "${file} contains nothing that matches ${USES}")
  endif()
endforeach()
