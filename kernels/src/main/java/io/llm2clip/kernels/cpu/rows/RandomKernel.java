package io.llm2clip.kernels.cpu.rows;

import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.operations.RandomUniform;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Random numbers, a vector of counters at a time. */
public final class RandomKernel {
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SPECIES.vectorShape());
    private static final int LANES = SPECIES.length();
    /** Of a vector, in cheap vectors: twenty rounds of four instructions. */
    private static final long COST = 40L * LANES;

    private static final float UNIT = 0x1p-24f;

    private RandomKernel() {}

    public static Launch bind(RandomUniform op, long[] addresses, Workers workers) {
        long vectors = Math.ceilDiv((long) op.count(), LANES);
        return Ranges.launch(workers, vectors, COST, (from, to, worker) -> {
            int step = Memory.getInt(addresses[0]);
            for (long vector = from; vector < to; vector++) {
                int first = (int) (vector * LANES);
                FloatVector numbers = numbers(op, first, step);
                long out = addresses[1] + (long) first * Float.BYTES;
                int count = op.count() - first;
                if (count >= LANES) {
                    Vectors.store(numbers, out);
                } else {
                    Vectors.store(numbers, out, Vectors.first(count));
                }
            }
        });
    }

    private static FloatVector numbers(RandomUniform op, int first, int step) {
        int key0 = op.key0();
        int key1 = op.key1();
        int key2 = RandomUniform.PARITY ^ key0 ^ key1;
        IntVector x = IntVector.broadcast(INTS, first + key0).addIndex(1);
        IntVector y = IntVector.broadcast(INTS, step + key1);
        x = x.add(y);
        y = mix(x, y, 13);
        x = x.add(y);
        y = mix(x, y, 15);
        x = x.add(y);
        y = mix(x, y, 26);
        x = x.add(y);
        y = mix(x, y, 6).add(key2 + 1);
        x = x.add(key1).add(y);
        y = mix(x, y, 17);
        x = x.add(y);
        y = mix(x, y, 29);
        x = x.add(y);
        y = mix(x, y, 16);
        x = x.add(y);
        y = mix(x, y, 24).add(key0 + 2);
        x = x.add(key2).add(y);
        y = mix(x, y, 13);
        x = x.add(y);
        y = mix(x, y, 15);
        x = x.add(y);
        y = mix(x, y, 26);
        x = x.add(y);
        y = mix(x, y, 6).add(key1 + 3);
        x = x.add(key0).add(y);
        y = mix(x, y, 17);
        x = x.add(y);
        y = mix(x, y, 29);
        x = x.add(y);
        y = mix(x, y, 16);
        x = x.add(y);
        y = mix(x, y, 24).add(key2 + 4);
        x = x.add(key1).add(y);
        y = mix(x, y, 13);
        x = x.add(y);
        y = mix(x, y, 15);
        x = x.add(y);
        y = mix(x, y, 26);
        x = x.add(y);
        x = x.add(key2);
        IntVector bits = x.lanewise(VectorOperators.LSHR, 8);
        return ((FloatVector) bits.convert(VectorOperators.I2F, 0)).mul(UNIT);
    }

    private static IntVector mix(IntVector x, IntVector y, int rotation) {
        IntVector high = y.lanewise(VectorOperators.LSHL, rotation);
        IntVector low = y.lanewise(VectorOperators.LSHR, Integer.SIZE - rotation);
        return high.or(low).lanewise(VectorOperators.XOR, x);
    }
}
