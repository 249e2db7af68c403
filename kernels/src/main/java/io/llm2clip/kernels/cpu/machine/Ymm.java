package io.llm2clip.kernels.cpu.machine;

/**
 * A vector register of 256 bits.
 *
 * @param number 0 to 15
 */
public record Ymm(int number) {
    public Ymm {
        Encoder.require(number, 15, "ymm");
    }
}
