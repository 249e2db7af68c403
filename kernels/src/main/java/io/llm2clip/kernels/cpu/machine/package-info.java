/**
 * Machine code, encoded in Java at run time and called through the FFM API: for instructions that the Vector API does not have.
 *
 * <p>{@link io.llm2clip.kernels.cpu.machine.Assembler} encodes x86-64 instructions, on any machine;
 * {@link io.llm2clip.kernels.cpu.machine.MachineCode} says whether this process may run them, what the CPU has, and where code is put
 * to be run. No memory is ever writable and executable at the same address.
 */
@NullMarked
package io.llm2clip.kernels.cpu.machine;

import org.jspecify.annotations.NullMarked;
