package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.MemoryBlock;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.WeightLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a model, in order of declaration, and the memory of their values, which {@link #close} returns.
 *
 * <p>Where values come from, and what becomes of them, is decided once for all parameters of a set:
 *
 * <ul>
 *   <li>{@link #Parameters(long)}: f32 values that may be trained, drawn when they are first needed, or loaded. They depend on the seed
 *       and the parameter's name only, so adding a parameter does not change the others, and neither does the number of threads.
 *   <li>{@link #trained}: the same without initial values: all must be loaded.
 *   <li>{@link #frozen}: all must be loaded and never change. Matrices are used as the file has them, from the mapped file itself; other
 *       parameters become f32.
 *   <li>{@link #onDisk}: all must be loaded, but stay where they are in the checkpoint's files: they can be saved, in another form or
 *       type, whatever their size, and not computed with.
 * </ul>
 */
public final class Parameters implements AutoCloseable {
    private record Frozen(WeightFormat format, Device device, boolean onDisk) {}

    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Resources resources = new Resources();
    private final @Nullable CounterRandom random;
    // Null where parameters may be trained.
    private final @Nullable Frozen frozen;
    private volatile boolean closed;

    /** An empty set whose parameters may be trained and start at random, by their initializers. */
    public Parameters(long seed) {
        this(new CounterRandom(seed), null);
    }

    private Parameters(@Nullable CounterRandom random, @Nullable Frozen frozen) {
        this.random = random;
        this.frozen = frozen;
    }

    /** An empty set whose parameters may be trained and start as a checkpoint has them, in f32. */
    public static Parameters trained() {
        return new Parameters(null, null);
    }

    /**
     * An empty set whose parameters are as a checkpoint has them and never change, for the CPU. The checkpoint's files stay mapped until the set is
     * closed; they must not be written to meanwhile, though they may be replaced.
     */
    public static Parameters frozen() {
        return frozen(WeightFormat.STORED, Device.cpu());
    }

    /**
     * The same with weights in a format of one's own choice.
     *
     * @param device which is to compute with them; stored formats that it has no kernels for become f32
     * @throws IllegalArgumentException if it has none for a format that was chosen
     */
    public static Parameters frozen(WeightFormat format, Device device) {
        format.requireAmong(device.matrixFormats());
        return new Parameters(null, new Frozen(format, device, false));
    }

    /**
     * An empty set whose parameters stay in a checkpoint's files, from where they can be saved. What the checkpoint has is known as soon as
     * they are loaded, though no values were read.
     */
    public static Parameters onDisk() {
        return new Parameters(null, new Frozen(WeightFormat.STORED, Device.cpu(), true));
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

    /**
     * Of a set {@link #onDisk}, the numbers of elements of what was loaded, by the types that the checkpoint has them in.
     *
     * @throws IllegalStateException if it is not on disk
     */
    public Map<StoredType, Long> storedElements() {
        Map<StoredType, Long> elements = new EnumMap<>(StoredType.class);
        loadedOnDisk()
                .forEach(parameter -> elements.merge(
                        parameter.values().type(), (long) parameter.shape().size(), Math::addExact));
        return elements;
    }

    /**
     * Of a set {@link #onDisk}, the bytes that what was loaded would take in memory, mapped files included.
     *
     * @throws IllegalStateException if it is not on disk
     */
    public long bytes(WeightFormat format) {
        long bytes = 0;
        for (Parameter parameter : loadedOnDisk()) {
            DType type =
                    parameter.role() == Parameter.Role.PLAIN ? DType.F32 : format.of(parameter, parameter.stored());
            bytes = Math.addExact(bytes, type.bytes((long) parameter.shape().size()));
        }
        return bytes;
    }

    private List<Parameter> loadedOnDisk() {
        if (!areOnDisk()) {
            throw new IllegalStateException(
                    "Expected parameters that are left in their files, found others; use Parameters.onDisk.");
        }
        return parameters.values().stream().filter(Parameter::hasValues).toList();
    }

    /**
     * A hash of all names, shapes and values, in hexadecimal: says whether two models are the same. In which type the values are stored
     * makes no difference.
     */
    public String digest() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Parameter parameter : parameters.values()) {
                digest.update(parameter.toString().getBytes(StandardCharsets.UTF_8));
                Elements.digest(parameter.data(), digest);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    boolean areFrozen() {
        return frozen != null;
    }

    boolean areOnDisk() {
        return frozen != null && frozen.onDisk;
    }

    /** Whether they never change and are to be computed with on the CPU. */
    boolean areForCpu() {
        return frozen != null && !frozen.onDisk && frozen.device == Device.cpu();
    }

    /** The format of a parameter's values that are loaded from elements of a type. */
    DType format(Parameter parameter, DType stored) {
        if (frozen == null || parameter.role() == Parameter.Role.PLAIN) {
            return DType.F32;
        }
        DType format = frozen.format.of(parameter, stored);
        return frozen.device.matrixFormats().contains(format) ? format : DType.F32;
    }

    Parameter declare(String name, Shape shape, Initializer initializer, Parameter.Role role) {
        requireOpen(name);
        if (parameters.containsKey(name)) {
            throw new IllegalArgumentException("Parameter '" + name + "' exists already as " + parameters.get(name)
                    + "; expected a new name, use a scope.");
        }
        Initializer.Values initial =
                random == null ? null : initializer.of(shape, random, CounterRandom.streamOf(name));
        Parameter parameter = new Parameter(this, name, shape, role, initial);
        parameters.put(name, parameter);
        return parameter;
    }

    /** Memory for a parameter's values, freed when this is closed. */
    synchronized NewValues allocate(Parameter parameter, DType dtype) {
        requireOpen(parameter.name());
        Optional<WeightLayout> layout = layout(parameter, dtype);
        long bytes = layout.map(found -> found.packing().bytes())
                .orElse(dtype.bytes((long) parameter.shape().size()));
        MemoryBlock block = MemoryBlock.allocate(bytes, parameter.toString());
        resources.add(block::close);
        return layout.map(found -> NewValues.packed(parameter, found, block.segment()))
                .orElseGet(() -> NewValues.of(new TensorData(parameter.shape(), dtype, block.segment())));
    }

    /** How the device would rather have a weight than by rows, of those that never change. */
    private Optional<WeightLayout> layout(Parameter parameter, DType dtype) {
        Shape shape = parameter.shape();
        if (frozen == null || parameter.role() != Parameter.Role.MATRIX || shape.rank() < 2 || shape.size() == 0) {
            return Optional.empty();
        }
        return frozen.device.layout(dtype, shape.dim(0), shape.size() / shape.dim(0));
    }

    /** Something that lives as long as the values do, such as a mapped file. */
    synchronized void hold(Runnable release) {
        resources.add(release);
    }

    private void requireOpen(String name) {
        if (closed) {
            throw new IllegalStateException(
                    "Parameter '" + name + "': its Parameters are closed; create it before closing.");
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        parameters.values().forEach(parameter -> resources.add(parameter::release));
        resources.close();
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
