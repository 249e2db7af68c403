package io.llm2clip.conversion;

import io.llm2clip.data.InputException;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.CheckpointKind;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.ModelOptions;
import io.llm2clip.model.OpenModel;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Writes a model as a directory of ours, whose parts have Hugging Face's names, from whatever layout, file format and types it has.
 * Weights go from file to file in pieces, so that a model of any size needs little memory.
 *
 * @param in a text encoder, a vision tower, or a model of both, of an LLM2CLIP or with a text tower of its own: a directory or a file
 * @param out receives the same
 * @param textEncoder of a published model, if it does not lie beside it
 * @param adapters directories of PEFT adapters that are merged into a text encoder, in the order in which they were trained
 * @param type in which weights are written
 * @param shardBytes what takes more than this is written to several files
 * @param existing what to do if {@code out} holds one already
 */
public record Conversion(
        Path in,
        Path out,
        Optional<Path> textEncoder,
        List<Path> adapters,
        SavedType type,
        long shardBytes,
        Existing existing) {
    /**
     * What came of it.
     *
     * @param kind what it was
     * @param bytes of all tensors that were written
     * @param roundings what rounding changed, by tensor, those of other parts of a model behind them
     */
    public record Result(CheckpointKind kind, long bytes, List<RoundedTensor> roundings) {}

    /** @throws IllegalArgumentException if a directory is to be written into itself */
    public Conversion {
        adapters = List.copyOf(adapters);
        Path from = in.toAbsolutePath().normalize();
        Path to = out.toAbsolutePath().normalize();
        if (from.startsWith(to) || to.startsWith(from)) {
            throw new IllegalArgumentException(
                    "%s within or around %s, which it is made from; expected another folder.".formatted(out, in));
        }
    }

    /**
     * Reads and writes.
     *
     * @throws InputException if there is nothing to read, or what was given does not fit it
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be read or written
     */
    public Result run(Progress progress) {
        JavaRuntime.require();
        OutputDirectory.recover(in);
        if (!Files.exists(in)) {
            throw new InputException(
                    "%s: there is no such file or directory; give a model, a text encoder or a vision tower."
                            .formatted(in));
        }
        CheckpointKind kind = CheckpointKind.of(in);
        refuse(textEncoder.isPresent() && kind != CheckpointKind.MODEL, kind, "--text-encoder", "a published model");
        refuse(!adapters.isEmpty() && kind != CheckpointKind.TEXT_ENCODER, kind, "--adapter", "a text encoder");
        return switch (kind) {
            case TEXT_ENCODER -> textEncoder(progress);
            case VISION_TOWER -> visionTower(progress);
            case MODEL, DUAL_ENCODER -> model(kind, progress);
        };
    }

    private void refuse(boolean given, CheckpointKind kind, String option, String wanted) {
        if (given) {
            throw new InputException(
                    "%s: %s is for %s, found a %s; leave it out.".formatted(in, option, wanted, kind.text()));
        }
    }

    private Result textEncoder(Progress progress) {
        try (OutputDirectory output = TextModel.claim(out, existing);
                TextModel text = TextModel.onDisk(in, adapters)) {
            Map<String, String> notes = new LinkedHashMap<>(text.provenance());
            for (int i = 0; i < adapters.size(); i++) {
                notes.put("merged_adapter." + (i + 1), adapters.get(i).toString());
            }
            return write(
                    CheckpointKind.TEXT_ENCODER,
                    output,
                    text.bytes(saving(new Saving.Listener() {})),
                    progress,
                    saving -> text.save(output, notes, saving));
        }
    }

    private Result visionTower(Progress progress) {
        if (CheckpointKind.hasTextTower(in)) {
            progress.note("%s: parts of a text tower are left out; what is written is the vision tower.".formatted(in));
        }
        try (OutputDirectory output = VisionTower.claim(out, existing);
                Parameters parameters = Parameters.onDisk()) {
            VisionTower tower = VisionTower.open(parameters, in);
            return write(
                    CheckpointKind.VISION_TOWER,
                    output,
                    tower.bytes(saving(new Saving.Listener() {})),
                    progress,
                    saving -> tower.save(output, saving));
        }
    }

    private Result model(CheckpointKind kind, Progress progress) {
        Path tower = in.resolve(ModelDirectory.TOWER);
        if (kind == CheckpointKind.MODEL && Files.isDirectory(tower)) {
            progress.note("%s: what is written is the language model's; that of the text tower is %s, convert it, too."
                    .formatted(in, tower));
        }
        ModelOptions options = new ModelOptions(
                textEncoder,
                ModelOptions.STORED.normalizeCaptions(),
                ModelOptions.STORED.vision(),
                ModelOptions.STORED.specialTokens(),
                ModelOptions.STORED.weights(),
                ModelOptions.STORED.device());
        try (OutputDirectory output = ModelDirectory.claim(out, existing);
                OpenModel opened = OpenModel.onDisk(in, options)) {
            return write(
                    kind,
                    output,
                    opened.bytes(saving(new Saving.Listener() {})),
                    progress,
                    saving -> opened.save(output, saving));
        }
    }

    private Saving saving(Saving.Listener listener) {
        return new Saving(type, shardBytes, listener);
    }

    private Result write(
            CheckpointKind kind, OutputDirectory output, long bytes, Progress progress, Consumer<Saving> content) {
        output.requireRoom(bytes);
        try (Progress.Phase phase = progress.begin("writing", bytes, "byte")) {
            Roundings roundings = new Roundings(phase);
            content.accept(saving(roundings));
            return new Result(kind, bytes, roundings.tensors());
        }
    }
}
