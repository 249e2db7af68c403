package io.llm2clip.bench.compare;

import io.llm2clip.bench.HashWeights;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.tensor.Device;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Models by the sizes in a request, with hashed weights or those of a file, and the captions that they read. */
final class OwnModels {
    private static final int LENGTH_STEP = 7919;

    private OwnModels() {}

    /** Parameters that never change, in the format that is asked for. */
    static Parameters frozen(Request request) {
        return request.has("weights")
                ? Parameters.frozen(
                        WeightFormat.valueOf(request.text("weights").toUpperCase(Locale.ROOT)), Device.cpu())
                : Parameters.frozen();
    }

    static VisionTower vision(Request request, Parameters owner) {
        int[] sizes = request.model();
        VisionTower tower =
                VisionTower.create(owner, VisionConfig.openAi(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]));
        fill(request, tower.parameters());
        return tower;
    }

    /**
     * A language model with what owns its weights: of a GGUF file, where there is one.
     *
     * @param owner to be closed
     */
    record Text(Llama llama, AutoCloseable owner) {}

    static Text text(Request request) {
        if (request.has("gguf")) {
            TextModel model = TextModel.open(Path.of(request.text("gguf")));
            return new Text(model.llama(), model);
        }
        Parameters owner = frozen(request);
        return new Text(llama(request, owner), owner);
    }

    static Llama llama(Request request, Parameters owner) {
        int[] sizes = request.model();
        LlamaConfig config = new LlamaConfig(
                sizes[0],
                sizes[1],
                sizes[2],
                sizes[3],
                sizes[4],
                sizes[5],
                sizes[1] / sizes[4],
                1e-5f,
                sizes[6],
                sizes[7] == 0 ? null : new Llama3Scaling(32, 1, 4, 8192),
                131_072,
                true);
        Llama llama = Llama.encoder(owner, config, LlamaInitialization.STANDARD);
        fill(request, llama.parameters());
        return llama;
    }

    private static void fill(Request request, List<Parameter> parameters) {
        if (!request.has("file")) {
            HashWeights.fill(parameters);
            return;
        }
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(request.text("file")))) {
            ParameterFiles.load(parameters, checkpoint);
        }
    }

    /** Writes a model's hashed weights to {@code model.safetensors} in a folder. */
    static void store(Request request, Path folder) {
        try (Parameters owner = Parameters.trained()) {
            List<Parameter> parameters = request.kind().equals("images")
                    ? vision(request, owner).parameters()
                    : llama(request, owner).parameters();
            Saving saving =
                    Saving.DEFAULT.in(SavedType.valueOf(request.text("stored").toUpperCase(Locale.ROOT)));
            ParameterFiles.save(ParameterFiles.contents(parameters, Map.of(), saving), folder, "model", saving);
        }
    }

    /** Captions of the request's number of tokens each. */
    static TokenBatch batch(Request request, int captions, Llama llama) {
        int tokens = request.number("tokens");
        List<CaptionRow> rows = new ArrayList<>();
        for (int row = 0; row < captions; row++) {
            rows.add(row(row * tokens, tokens, llama));
        }
        return TokenBatch.of(rows);
    }

    /** Captions of all lengths from the shortest to the longest, mixed. */
    static List<CaptionRow> ragged(Request request, Llama llama) {
        int shortest = request.number("shortest");
        int lengths = request.number("longest") - shortest + 1;
        List<CaptionRow> rows = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < request.number("captions"); i++) {
            int tokens = shortest + (int) ((long) i * LENGTH_STEP % lengths);
            rows.add(row(start, tokens, llama));
            start += tokens;
        }
        return rows;
    }

    private static CaptionRow row(int first, int tokens, Llama llama) {
        int seed = HashWeights.seed("ids");
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = (int) ((HashWeights.uniform(seed, first + i) + 1)
                    / 2
                    * llama.config().vocabularySize());
        }
        return new CaptionRow(ids, 0, tokens, false);
    }
}
