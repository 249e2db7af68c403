package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.List;

/**
 * Random numbers of [0, 1), multiples of 2^-24: {@code out[i]} is the upper 24 bits of the first word that Threefry-2x32 of 20 rounds
 * (Salmon, Moraes, Dror, Shaw 2011) makes of the counter {@code (i, step)} under the key. So a number depends on nothing but key, step and
 * where it is, and is the same on every device.
 *
 * @param count number of elements
 * @param key0 first word of the key
 * @param key1 second word of the key
 */
public record RandomUniform(int count, int key0, int key1) implements KernelOp {
    /** The word that the third of a key is made of. */
    public static final int PARITY = 0x1BD11BDA;

    @Override
    public List<Operand> operands() {
        return List.of(new Operand("step", DType.I32, 1, Operand.Access.READ), Operand.out(count));
    }
}
