package io.llm2clip.bench.compare;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.kernels.DType;
import io.llm2clip.model.CaptionTensors;
import io.llm2clip.model.Llama;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.Pooling;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** This engine's part of each kind of work; {@code bench/compare/torch_tasks.py} has PyTorch's. */
final class OwnTasks {
    private OwnTasks() {}

    /** @throws AbsentException if this machine does not have what is asked for */
    static Task of(Request request) {
        return of(request, execution(request));
    }

    /** The same, measuring each kernel for {@link Task#explain}. */
    static Task profiled(Request request) {
        Execution execution = execution(request);
        return of(request, new Execution(execution.device(), execution.options().withKernelTimes()));
    }

    private static Task of(Request request, Execution execution) {
        return switch (request.kind()) {
            case "product" -> product(request, execution);
            case "attention" -> attention(request, execution);
            case "images" -> images(request, execution);
            case "captions" -> captions(request, execution);
            case "ranking" -> new RankingTask(request);
            case "ragged" -> new RaggedTask(request, execution);
            case "image-step" ->
                request.has("chunk") ? new CachedStepTask(request, execution) : StepTask.images(request, execution);
            case "caption-step" -> StepTask.captions(request, execution);
            default -> throw new IllegalArgumentException("There is no work of kind '" + request.kind() + "'.");
        };
    }

    private static Execution execution(Request request) {
        Precision precision = Precision.valueOf(request.text("precision").toUpperCase(Locale.ROOT));
        if (precision != Precision.F32) {
            Processor.absence(precision).ifPresent(reason -> {
                throw new AbsentException(reason);
            });
        }
        return new Execution(Device.cpu(), new ProgramOptions(precision));
    }

    /** {@code NT} by a weight that never changes; {@code NN} and {@code TN} of two inputs, as in gradients. */
    private static Task product(Request request, Execution execution) {
        int m = request.number("m");
        int n = request.number("n");
        int k = request.number("k");
        String form = request.text("form");
        Map<Tensor, TensorData> feeds = new LinkedHashMap<>();
        Tensor a = input("a", form.equals("TN") ? Shape.of(k, m) : Shape.of(m, k), feeds);
        Parameters owner = Parameters.frozen();
        if (form.equals("NT")) {
            Parameter weight = owner.root().matrix("b", Shape.of(n, k), Initializer.zeros());
            HashWeights.fill(List.of(weight));
            return new ProgramTask(List.of(a.matmul(weight.tensor(), false, true)), feeds, owner, execution);
        }
        Tensor product = a.matmul(input("b", Shape.of(k, n), feeds), form.equals("TN"), false);
        return new ProgramTask(List.of(product), feeds, owner, execution);
    }

    private static Task attention(Request request, Execution execution) {
        int batch = request.number("batch");
        int tokens = request.number("tokens");
        int heads = request.number("heads");
        int size = request.number("size");
        Shape shape = Shape.of(batch, tokens, heads * size);
        Map<Tensor, TensorData> feeds = new LinkedHashMap<>();
        List<Tensor> operands = List.of(input("q", shape, feeds), input("k", shape, feeds), input("v", shape, feeds));
        int[] whole = new int[batch];
        Arrays.fill(whole, tokens);
        Tensor lengths = Tensor.input("lengths", Shape.of(batch), DType.I32);
        feeds.put(lengths, TensorData.ofInts(lengths.shape(), whole));
        Tensor result = Tensor.attention(
                operands.get(0),
                operands.get(1),
                operands.get(2),
                lengths,
                heads,
                heads,
                (float) (1 / Math.sqrt(size)),
                false);
        List<Tensor> outputs = request.text("gradient").equals("1")
                ? Gradients.of(result, input("g", shape, feeds), operands)
                : List.of(result);
        return new ProgramTask(outputs, feeds, Parameters.frozen(), execution);
    }

    private static Task images(Request request, Execution execution) {
        Parameters owner = OwnModels.frozen(request);
        VisionTower tower = OwnModels.vision(request, owner);
        int side = tower.config().imageSize();
        Map<Tensor, TensorData> feeds = new LinkedHashMap<>();
        Tensor pixels = input("pixels", Shape.of(request.number("batch"), 3, side, side), feeds);
        return new ProgramTask(List.of(tower.embed(pixels)), feeds, owner, execution);
    }

    private static Task captions(Request request, Execution execution) {
        OwnModels.Text text = OwnModels.text(request);
        Llama llama = text.llama();
        Map<Tensor, TensorData> feeds = new LinkedHashMap<>();
        for (TensorData data :
                CaptionTensors.of(OwnModels.batch(request, request.number("batch"), llama), Pooling.MEAN)) {
            feeds.put(Tensor.input("input" + feeds.size(), data.shape(), data.dtype()), data);
        }
        Tensor vectors = CaptionTensors.pooled(llama, List.copyOf(feeds.keySet()), false);
        Tensor asked = vectors.slice(0, 0, request.number("batch"));
        return new ProgramTask(List.of(asked), feeds, text.owner(), execution);
    }

    private static Tensor input(String name, Shape shape, Map<Tensor, TensorData> feeds) {
        Tensor input = Tensor.input(name, shape, DType.F32);
        feeds.put(input, HashWeights.tensor(name, shape));
        return input;
    }

    static void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
