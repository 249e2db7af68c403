package io.llm2clip.tensor;

import java.nio.charset.StandardCharsets;

/**
 * Random numbers addressed by {@code (stream, counter)} instead of drawn in turn: a number depends on nothing but the seed and
 * its address, so any part can be computed by any thread, skipped, or computed again.
 *
 * <p>A stream is a SplitMix64 sequence (Steele, Lea, Flood 2014) whose starting state is a hash of seed and stream number.
 * Elementary functions are those of {@link StrictMath}, so numbers are the same on every platform.
 *
 * @param seed starting point of all streams
 */
public record CounterRandom(long seed) {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    /** The number of the stream that belongs to a name (FNV-1a of its UTF-8 bytes). */
    public static long streamOf(String name) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash;
    }

    /** 64 random bits. */
    public long bits(long stream, long counter) {
        return mix(mix(mix(seed + GOLDEN) ^ stream) + (counter + 1) * GOLDEN);
    }

    /** A number of [0, 1), a multiple of 2^-53. */
    public double uniform(long stream, long counter) {
        return (bits(stream, counter) >>> 11) * 0x1p-53;
    }

    /** A number of mean 0 and variance 1, by the method of Box and Muller. */
    public double normal(long stream, long counter) {
        long own = ~stream;
        // 1 - uniform is never 0, whose logarithm is infinite.
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform(own, 2 * counter)));
        return radius * StrictMath.cos(2 * StrictMath.PI * uniform(own, 2 * counter + 1));
    }

    /** An integer of {@code 0 .. bound-1}, with a bias below {@code bound * 2^-64}. */
    public int integer(long stream, long counter, int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException(
                    "A random integer below " + bound + " does not exist; expected a bound of 1 or more.");
        }
        return (int) Math.unsignedMultiplyHigh(bits(stream, counter), bound);
    }

    private static long mix(long state) {
        long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
