package io.llm2clip.demo.scenes;

import java.util.Collections;
import java.util.List;

/**
 * Counter-based random numbers (SplitMix64): the same numbers on every JVM, which the JDK does not promise for its own
 * generators across versions.
 */
final class SceneRandom {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private final long key;
    private long counter;

    SceneRandom(long seed) {
        this.key = mix(seed + GOLDEN_GAMMA);
    }

    /** An independent generator named by {@code stream}; it does not depend on how many numbers were drawn here. */
    SceneRandom stream(long stream) {
        return new SceneRandom(key ^ mix(stream));
    }

    /** Uniform over 0 (inclusive) to {@code bound} (exclusive). */
    int below(int bound) {
        return (int) (((next() >>> 32) * bound) >>> 32);
    }

    /** Uniform over {@code low} to {@code high}, both inclusive. */
    int between(int low, int high) {
        return low + below(high - low + 1);
    }

    /** Uniform over [0, 1). */
    double uniform() {
        return (next() >>> 11) * 0x1p-53;
    }

    double uniform(double low, double high) {
        return low + (high - low) * uniform();
    }

    boolean chance(double probability) {
        return uniform() < probability;
    }

    <T> T pick(List<T> values) {
        return values.get(below(values.size()));
    }

    /** Shuffles {@code values} in place (Fisher-Yates). */
    void shuffle(List<?> values) {
        for (int i = values.size() - 1; i > 0; i--) {
            Collections.swap(values, i, below(i + 1));
        }
    }

    private long next() {
        return mix(key + GOLDEN_GAMMA * ++counter);
    }

    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
