package io.llm2clip.bench;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Random values that another program can make without a file: element i of the tensor of a name is a hash of both, uniform and a
 * multiple of 2^-23. {@code bench/gpu/peer.py} and {@code
 * bench/compare/hashed.py} have the same rule.
 */
public final class HashWeights {
    private static final int CHUNK = 1 << 20;

    private HashWeights() {}

    /**
     * Sets all parameters by their names: matrices uniform with variance 1/fan-in, weights of norms about 1, other vectors about 0, and
     * the second factor of a low-rank update 0.
     */
    public static void fill(List<Parameter> parameters) {
        for (Parameter parameter : parameters) {
            String name = parameter.name();
            Shape shape = parameter.shape();
            boolean matrix = shape.rank() > 1;
            float offset = !matrix && name.endsWith(".weight") ? 1 : 0;
            float scale = matrix ? (float) Math.sqrt(3.0 / (shape.size() / shape.dim(0))) : 0.02f;
            parameter.fill(values(name, offset, name.contains(".lora_B.") ? 0 : scale));
        }
    }

    /** A tensor of f32, uniform over [-1, 1). */
    public static TensorData tensor(String name, Shape shape) {
        TensorData data = TensorData.allocate(shape, DType.F32);
        MemorySegment segment = data.segment();
        int seed = seed(name);
        int elements = shape.size();
        IntStream.range(0, Math.ceilDiv(elements, CHUNK)).parallel().forEach(chunk -> {
            int end = (int) Math.min(elements, (chunk + 1L) * CHUNK);
            for (int i = chunk * CHUNK; i < end; i++) {
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, uniform(seed, i));
            }
        });
        return data;
    }

    private static Initializer.Values values(String name, float offset, float scale) {
        int seed = seed(name);
        return i -> offset + scale * uniform(seed, (int) i);
    }

    public static int seed(String name) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        return (int) crc.getValue();
    }

    /** In [-1, 1): the finalizer of MurmurHash3 over a counter. */
    public static float uniform(int seed, int element) {
        int h = element * 0x9E3779B9 + seed;
        h ^= h >>> 16;
        h *= 0x85EBCA6B;
        h ^= h >>> 13;
        h *= 0xC2B2AE35;
        h ^= h >>> 16;
        return (h >>> 8) * 0x1p-23f - 1;
    }
}
