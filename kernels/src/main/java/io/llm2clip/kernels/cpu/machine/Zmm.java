package io.llm2clip.kernels.cpu.machine;

/**
 * A vector register of 512 bits.
 *
 * @param number 0 to 31
 */
public record Zmm(int number) {
    public Zmm {
        Encoder.require(number, 31, "zmm");
    }
}
