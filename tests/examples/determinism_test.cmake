# Trains digits_cnn again and again and compares the hashes of the weights: the same seed must give
# the same bits in every run and with every number of threads, another seed others.
#
# Usage: cmake -DPROGRAM=<digits_cnn> -DFOLDER=<for results> -P determinism_test.cmake

cmake_minimum_required(VERSION 3.20)

function(train out seed threads)
  set(json "${FOLDER}/determinism_${seed}_${threads}.json")
  file(REMOVE "${json}")
  execute_process(
    COMMAND "${PROGRAM}" --epochs 2 --limit 400 --seed ${seed} --threads ${threads} --json
            "${json}"
    RESULT_VARIABLE code
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${PROGRAM} failed (${code}):\n${output}")
  endif()
  file(READ "${json}" result)
  string(JSON hash GET "${result}" weights_hash)
  string(JSON used GET "${result}" threads)
  if(NOT used EQUAL threads)
    message(FATAL_ERROR "asked for ${threads} threads, ${used} were used")
  endif()
  message(STATUS "seed ${seed}, threads ${threads}: ${hash}")
  set(${out} "${hash}" PARENT_SCOPE)
endfunction()

train(first 1 1)
foreach(threads 1 2 3 8)
  train(again 1 ${threads})
  if(NOT again STREQUAL first)
    message(FATAL_ERROR "other weights with ${threads} threads: ${again} instead of ${first}")
  endif()
endforeach()
train(other 2 1)
if(other STREQUAL first)
  message(FATAL_ERROR "seeds 1 and 2 gave the same weights: ${first}")
endif()
