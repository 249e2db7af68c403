package io.llm2clip.kernels.cpu.machine;

/**
 * A tile register of AMX: up to 16 rows of up to 64 bytes.
 *
 * @param number 0 to 7
 */
public record Tile(int number) {
    public Tile {
        Encoder.require(number, 7, "tmm");
    }
}
