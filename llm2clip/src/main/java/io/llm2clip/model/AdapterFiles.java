package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The adapter, {@code logit_scale} and {@code logit_bias} in files of any origin. */
final class AdapterFiles {
    /** Where the whole model was trained in one process, which gives the adapter vectors that are not normalized. */
    private static final String IN_PROCESS = "text.text_proj.text_adaptor.";

    private static final String PROJECTION = "text_adapter.adaptor.5.weight";

    /** Hugging Face's names, which are {@link TextAdapter}'s, and those of LLM2CLIP's training code. */
    private static final StoredLayout LAYOUT = StoredLayout.builder(
                    "text_adapter.adaptor.", "text_adapter.adaptor.", "text.text_adaptor.", IN_PROCESS)
            .marked("5.weight")
            .build();

    private AdapterFiles() {}

    /** What is written: the adapter's parameters, scale and bias, under the names that Hugging Face's files have. */
    static List<Parameter> parameters(TextAdapter adapter, Logits logits) {
        List<Parameter> all = new ArrayList<>(adapter.parameters());
        all.addAll(logits.parameters());
        return all;
    }

    /** Whether a checkpoint holds an adapter. */
    static boolean isIn(Checkpoint source) {
        return find(source).isPresent();
    }

    /**
     * The adapter of a checkpoint, by the shape of its last matrix.
     *
     * @param normalizeInput whether caption vectors are scaled to length 1 first, if not as the file's layout says
     * @throws CheckpointException if there is none, or its shape is strange
     */
    static TextAdapter.Config config(Checkpoint source, Optional<Boolean> normalizeInput) {
        StoredLayout.Found found = names(source);
        String name = found.place(PROJECTION).tensor();
        StoredTensor projection = source.tensor(name);
        List<Long> shape = projection.shape();
        if (shape.size() != 2 || shape.stream().anyMatch(size -> size < 1 || size > Integer.MAX_VALUE)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected [embedding, caption] channels, found shape %s; check that the file is complete."
                            .formatted(source.source(), name, shape));
        }
        return Described.network(
                source.source(),
                () -> new TextAdapter.Config(
                        Math.toIntExact(shape.get(1)),
                        Math.toIntExact(shape.get(0)),
                        normalizeInput.orElse(!found.root().equals(IN_PROCESS))));
    }

    /** Reads an adapter, and creates and reads scale and bias; what else a file of a whole model holds is left. */
    static Logits load(Parameters owner, TextAdapter adapter, Path file) {
        try (Checkpoint source = Checkpoint.open(file)) {
            StoredLayout.Found names = names(source);
            Logits logits = TextTowerFiles.createLogits(owner, source, names);
            ParameterFiles.load(
                    parameters(adapter, logits),
                    source,
                    names,
                    Map.of(),
                    tensor -> CheckpointPart.ADAPTER.leavesOver(names, tensor));
            return logits;
        }
    }

    private static Optional<StoredLayout.Found> find(Checkpoint source) {
        return LAYOUT.find(source.entries().keySet());
    }

    /** Without an adapter the usual names, so that a message tells what is missing. */
    private static StoredLayout.Found names(Checkpoint source) {
        return find(source).orElseGet(LAYOUT::usual);
    }
}
