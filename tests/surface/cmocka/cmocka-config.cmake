# Stands in for cmocka with compilers for which it is not installed: see cmocka.h.
add_library(cmocka INTERFACE)
target_include_directories(cmocka INTERFACE ${CMAKE_CURRENT_LIST_DIR})
