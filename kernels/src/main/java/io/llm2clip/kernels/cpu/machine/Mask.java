package io.llm2clip.kernels.cpu.machine;

/**
 * A mask register, a bit per lane.
 *
 * @param number 1 to 7; 0 stands for all lanes
 */
public record Mask(int number) {
    /** All lanes. */
    public static final Mask ALL = new Mask(0);

    public Mask {
        Encoder.require(number, 7, "k");
    }
}
