package io.llm2clip.kernels.cpu.machine;

import org.jspecify.annotations.Nullable;

/**
 * A memory operand, {@code base + index + displacement}.
 *
 * @param index null for none; never RSP, which has no encoding as one
 */
public record Address(Gpr base, @Nullable Gpr index, int displacement) {
    public Address {
        if (index == Gpr.RSP) {
            throw new IllegalArgumentException("RSP as an index, expected any other register; use it as the base.");
        }
    }

    public static Address at(Gpr base, int displacement) {
        return new Address(base, null, displacement);
    }

    public static Address at(Gpr base, Gpr index, int displacement) {
        return new Address(base, index, displacement);
    }
}
