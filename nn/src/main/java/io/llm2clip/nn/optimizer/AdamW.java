package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.Safetensors;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * AdamW (Loshchilov and Hutter 2019) with clipping of the gradients' global norm. It owns the running moments of all
 * parameters, two floats an element.
 */
public final class AdamW implements AutoCloseable {
    private static final String STEPS = "steps";

    /**
     * What all groups share.
     *
     * @param beta1 decay of the running mean
     * @param beta2 decay of the running variance
     * @param epsilon added to the root of the variance
     * @param clipNorm the norm that longer gradients are scaled to; infinity for no clipping
     */
    public record Options(float beta1, float beta2, float epsilon, float clipNorm) {
        public Options {
            Limit.BETA.require("beta1", beta1);
            Limit.BETA.require("beta2", beta2);
            Limit.EPSILON.require("epsilon", epsilon);
            Limit.CLIP_NORM.require("clipNorm", clipNorm);
        }

        /** Betas 0.9 and 0.999, epsilon 1e-8, no clipping: PyTorch's defaults. */
        public static final Options DEFAULT = new Options(0.9f, 0.999f, 1e-8f, Float.POSITIVE_INFINITY);

        public Options withClipNorm(float norm) {
            return new Options(beta1, beta2, epsilon, norm);
        }
    }

    private final List<ParameterGroup> groups;
    private final Options options;
    private final List<Parameter> parameters;
    private final Parameters moments = new Parameters(0);
    private final List<TensorData> hyper = new ArrayList<>();
    private final Device device;
    private final Resources binding = new Resources();
    private @Nullable GradientNorm norm;
    private @Nullable LaunchSequence update;
    // What both read; also held so that its memory stays alive.
    private List<TensorData> bound = List.of();
    private long steps;
    private boolean keeping;
    // Parameters of before, made when first asked for.
    private @Nullable Parameters kept;
    private long keptSteps;

    /**
     * An optimizer that has made no step.
     *
     * @param groups what it trains, each parameter once
     * @param options what all groups share
     * @param device where it works; the programs that compute its gradients should run there too
     */
    public AdamW(List<ParameterGroup> groups, Options options, Device device) {
        this.device = device;
        this.groups = List.copyOf(groups);
        this.options = options;
        this.parameters = groups.stream().flatMap(g -> g.parameters().stream()).toList();
        requireDistinct(parameters);
        requireTrainable(parameters);
        try {
            for (Parameter parameter : parameters) {
                zeros(moments, mean(parameter), parameter);
                zeros(moments, variance(parameter), parameter);
            }
            for (int i = 0; i < groups.size(); i++) {
                hyper.add(TensorData.allocate(Shape.of(AdamWUpdate.HYPER), DType.F32));
            }
        } catch (RuntimeException | Error e) {
            moments.close();
            throw e;
        }
    }

    /** Room for something like a parameter, now rather than in the first step. */
    private static void zeros(Parameters owner, String name, Parameter like) {
        owner.root().create(name, like.shape(), Initializer.zeros()).data();
    }

    private static void requireDistinct(List<Parameter> parameters) {
        Set<Parameter> distinct = new HashSet<>();
        for (Parameter parameter : parameters) {
            if (!distinct.add(parameter)) {
                throw new IllegalArgumentException(
                        "Parameter " + parameter + " is in two groups; expected each in one.");
            }
        }
    }

    private static void requireTrainable(List<Parameter> parameters) {
        for (Parameter parameter : parameters) {
            if (parameter.isFrozen()) {
                throw new IllegalArgumentException("AdamW of parameter " + parameter
                        + ": expected one that may be trained, found a frozen one; load it into Parameters.trained().");
            }
        }
    }

    /** All parameters, in the order of {@link #step}'s gradients. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** Where it works. */
    public Device device() {
        return device;
    }

    /** Steps made so far, those before a {@link #load} included. */
    public long steps() {
        return steps;
    }

    /**
     * One update of all parameters, in place.
     *
     * @param gradients f32, one for each of {@link #parameters()}, of its shape
     * @param learningRate multiplied by each group's own scale
     * @return the gradients' global norm before clipping
     * @throws NonFiniteStepException if a gradient is infinite or not a number; then nothing has changed
     */
    public float step(List<TensorData> gradients, float learningRate) {
        requireOpen();
        Limit.STEP_LEARNING_RATE.require("learningRate", learningRate);
        requireFit(gradients);
        bind(gradients);
        double norm = finiteNorm();
        keep();
        steps++;
        // The 1e-6 is PyTorch's: clip_grad_norm_ guards its division by it.
        double scale = Math.min(1, options.clipNorm / (norm + 1e-6));
        for (int i = 0; i < groups.size(); i++) {
            ParameterGroup group = groups.get(i);
            hyper.get(i)
                    .fill(
                            learningRate * group.learningRateScale(),
                            options.beta1,
                            options.beta2,
                            options.epsilon,
                            group.weightDecay(),
                            (float) (1 - Math.pow(options.beta1, steps)),
                            (float) (1 - Math.pow(options.beta2, steps)),
                            (float) scale);
        }
        Objects.requireNonNull(update).run();
        return (float) norm;
    }

    /**
     * Has the next step that is made keep the parameters as they are before it: that its gradients are finite proves them sound.
     * There is one copy, the newest.
     */
    public void keepAtNextStep() {
        keeping = true;
    }

    /**
     * Returns the parameters to those kept, after which there should be no further step: moments are not kept.
     *
     * @return after how many steps they were that; 0 and unchanged parameters if no step was made since any was to be kept
     */
    public long returnToKept() {
        if (kept != null) {
            for (Parameter parameter : parameters) {
                parameter.data().copyFrom(kept.get(parameter.name()).data());
            }
        }
        return keptSteps;
    }

    private void keep() {
        if (!keeping) {
            return;
        }
        Parameters copies = kept == null ? copies() : kept;
        for (Parameter parameter : parameters) {
            copies.get(parameter.name()).data().copyFrom(parameter.data());
        }
        kept = copies;
        keptSteps = steps;
        keeping = false;
    }

    /** Room for a copy of all parameters. */
    private Parameters copies() {
        Parameters copies = new Parameters(0);
        try {
            for (Parameter parameter : parameters) {
                zeros(copies, parameter.name(), parameter);
            }
        } catch (RuntimeException | Error e) {
            copies.close();
            throw e;
        }
        return copies;
    }

    /** Writes moments and number of steps, atomically, to go on from later. */
    public void save(Path file) {
        ParameterFiles.save(moments.all(), file, Map.of(STEPS, Long.toString(steps)));
    }

    /** Takes up moments and number of steps that {@link #save} wrote for the same parameters. */
    public void load(Path file) {
        try (Safetensors source = Safetensors.open(file)) {
            String stored = source.metadata().getOrDefault(STEPS, "");
            if (!stored.matches("\\d{1,18}")) {
                throw new CheckpointException(
                        "%s: expected the number of '%s' in its metadata, found '%s'; pass a file written by AdamW.save."
                                .formatted(file, STEPS, stored));
            }
            ParameterFiles.load(moments.all(), source);
            steps = Long.parseLong(stored);
        }
    }

    @Override
    public void close() {
        Resources.closeAll(List.of(this::unbind, moments::close, this::closeKept));
    }

    private void closeKept() {
        if (kept != null) {
            kept.close();
        }
    }

    /** Kernels work on bare addresses: freed memory must be found here. */
    private void requireOpen() {
        for (List<Parameter> memory : List.of(parameters, moments.all())) {
            for (Parameter parameter : memory) {
                if (!parameter.data().isAlive()) {
                    throw new IllegalStateException("AdamW step with closed memory of " + parameter
                            + "; close optimizer and parameters after the last step.");
                }
            }
        }
    }

    private void requireFit(List<TensorData> gradients) {
        if (gradients.size() != parameters.size()) {
            throw new IllegalArgumentException("AdamW step of " + parameters.size() + " parameters with "
                    + gradients.size() + " gradients; expected one each, in the order of parameters().");
        }
        for (int i = 0; i < gradients.size(); i++) {
            TensorData gradient = gradients.get(i);
            if (!gradient.shape().equals(parameters.get(i).shape()) || gradient.dtype() != DType.F32) {
                throw new IllegalArgumentException("Gradient " + gradient.dtype() + " " + gradient.shape()
                        + " of parameter " + parameters.get(i) + "; expected F32 of the parameter's shape.");
            }
            if (!gradient.isAlive()) {
                throw new IllegalStateException("The gradients of parameter " + parameters.get(i)
                        + " were freed; close the program that computes them after the last step.");
            }
        }
    }

    private double finiteNorm() {
        double[] squares = Objects.requireNonNull(norm).squares();
        for (int i = 0; i < squares.length; i++) {
            if (!Double.isFinite(squares[i])) {
                throw new NonFiniteStepException("the gradient of parameter " + parameters.get(i));
            }
        }
        return Math.sqrt(Arrays.stream(squares).sum());
    }

    private void bind(List<TensorData> gradients) {
        if (gradients.equals(bound)) {
            return;
        }
        unbind();
        List<Device.Application> applications = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < groups.size(); i++) {
            for (Parameter parameter : groups.get(i).parameters()) {
                applications.add(new Device.Application(
                        new AdamWUpdate(parameter.shape().size()),
                        List.of(
                                gradients.get(next++),
                                hyper.get(i),
                                parameter.data(),
                                moments.get(mean(parameter)).data(),
                                moments.get(variance(parameter)).data())));
            }
        }
        try {
            GradientNorm squares = new GradientNorm(device, gradients);
            norm = squares;
            binding.add(squares::close);
            LaunchSequence step = device.bind(applications);
            update = step;
            binding.add(step::close);
            bound = List.copyOf(gradients);
        } catch (RuntimeException | Error e) {
            binding.closeAfter(e);
            throw e;
        }
    }

    private void unbind() {
        bound = List.of();
        norm = null;
        update = null;
        binding.close();
    }

    private static String mean(Parameter parameter) {
        return parameter.name() + ".exp_avg";
    }

    private static String variance(Parameter parameter) {
        return parameter.name() + ".exp_avg_sq";
    }
}
