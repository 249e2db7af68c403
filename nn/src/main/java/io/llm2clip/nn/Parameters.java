package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a model, in order of creation, and their off-heap memory, which {@link #close} returns.
 *
 * <p>Initial values depend on the seed and the parameter's name only, so adding a parameter does not change the others.
 */
public final class Parameters implements AutoCloseable {
    /** Bytes hashed at a time: a buffer holds fewer than 2 GiB, a parameter may have more. */
    private static final long DIGEST_CHUNK = 1L << 20;

    private final Arena arena = Arena.ofShared();
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final @Nullable CounterRandom random;
    private long allocatedBytes;
    private boolean closed;

    /** An empty set whose parameters are initialised at random. */
    public Parameters(long seed) {
        this(new CounterRandom(seed));
    }

    private Parameters(@Nullable CounterRandom random) {
        this.random = random;
    }

    /** An empty set whose parameters start as zeros, whatever their initialisers, because a checkpoint will overwrite them. */
    public static Parameters forLoading() {
        return new Parameters((CounterRandom) null);
    }

    /** The scope without a prefix. */
    public Scope root() {
        return new Scope(this, "");
    }

    /** All parameters, in order of creation. */
    public List<Parameter> all() {
        return List.copyOf(parameters.values());
    }

    /** @throws IllegalArgumentException if there is none of this name; names the nearest ones */
    public Parameter get(String name) {
        Parameter parameter = parameters.get(name);
        if (parameter == null) {
            String nearest = parameters.keySet().stream()
                    .sorted(Comparator.comparingInt((String other) -> editDistance(name, other)))
                    .limit(3)
                    .collect(Collectors.joining(", "));
            throw new IllegalArgumentException("No parameter '" + name + "' among " + parameters.size()
                    + (nearest.isEmpty() ? "; create it first." : "; expected a name such as " + nearest + "."));
        }
        return parameter;
    }

    /** Number of elements of all parameters. */
    public long count() {
        return parameters.values().stream().mapToLong(p -> p.shape().size()).sum();
    }

    /** A hash of all names, shapes and values, in hexadecimal: says whether two models are the same. */
    public String digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Parameter parameter : parameters.values()) {
                digest.update(parameter.toString().getBytes(StandardCharsets.UTF_8));
                MemorySegment values = parameter.data().readOnly();
                for (long start = 0; start < values.byteSize(); start += DIGEST_CHUNK) {
                    long end = Math.min(values.byteSize(), start + DIGEST_CHUNK);
                    digest.update(values.asSlice(start, end - start).asByteBuffer());
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    Parameter create(String name, Shape shape, Initializer initializer) {
        if (closed) {
            throw new IllegalStateException(
                    "Parameter '" + name + "': its Parameters are closed; create it before closing.");
        }
        if (parameters.containsKey(name)) {
            throw new IllegalArgumentException("Parameter '" + name + "' exists already as " + parameters.get(name)
                    + "; expected a new name, use a scope.");
        }
        TensorData data = TensorData.allocate(arena, shape, DType.F32);
        // What the arena has is counted, even if the initializer fails and there is no such parameter.
        allocatedBytes += data.segment().byteSize();
        EngineMemory.allocated(data.segment().byteSize());
        if (random != null) {
            float[] values = new float[shape.size()];
            initializer.fill(values, shape, random, CounterRandom.streamOf(name));
            data.fill(values);
        }
        Parameter parameter = new Parameter(name, data);
        parameters.put(name, parameter);
        return parameter;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
            EngineMemory.released(allocatedBytes);
        }
    }

    /** Levenshtein distance, by the two-row algorithm. */
    private static int editDistance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replace, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[b.length()];
    }
}
