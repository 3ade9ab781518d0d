# An example without its data must say in one line which script downloads it, and exit with 1.
#
# Usage: cmake -DPROGRAM=<mnist_cnn> -DFOLDER=<any that holds no MNIST> -P missing_data_test.cmake

cmake_minimum_required(VERSION 3.20)

execute_process(
  COMMAND "${PROGRAM}" --data "${FOLDER}"
  RESULT_VARIABLE code
  OUTPUT_VARIABLE output
  ERROR_VARIABLE message)
if(NOT code EQUAL 1)
  message(FATAL_ERROR "expected exit code 1, got ${code}:\n${output}${message}")
endif()
if(NOT message MATCHES "^error: [^\n]*scripts/download_data.sh --only mnist[^\n]*\n$")
  message(FATAL_ERROR "expected one line that names scripts/download_data.sh, got:\n${message}")
endif()
