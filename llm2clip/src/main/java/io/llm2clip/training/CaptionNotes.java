package io.llm2clip.training;

import io.llm2clip.data.DataDigest;
import io.llm2clip.data.Fingerprint;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.model.TextModel;
import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.run.RunSettings;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What stage 1 says of itself: when it begins, in its run's record, and in the text encoder that it saves. */
record CaptionNotes(TextStart start, CaptionTraining.Config training) {
    /** The lines that a training begins with. */
    void announce(Progress progress) {
        if (start instanceof TextStart.FromScratch scratch) {
            progress.announce("language model: " + RecipeNotes.line(scratch.training()));
        }
        progress.announce("stage 1, from %s: %s (%s)".formatted(from(), RecipeNotes.line(training), origin()));
    }

    private String origin() {
        return switch (start) {
            case TextStart.Pretrained _ ->
                RecipeNotes.origin(
                        training,
                        CaptionTraining.Config.pretrained(training.steps(), training.seed()),
                        "the paper, because the language model is pretrained");
            case TextStart.FromScratch _ ->
                RecipeNotes.origin(
                        training,
                        CaptionTraining.Config.fromScratch(training.steps(), training.seed()),
                        "the recipe for small models, because the language model is from scratch");
        };
    }

    /** All that the bits of the text encoder depend on. */
    RunSettings settings(
            List<DataSource> sources,
            InstructionTable instructions,
            HeldOutTexts split,
            TextModel initial,
            Execution execution) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("start", from());
        if (start instanceof TextStart.FromScratch scratch) {
            settings.putAll(RecipeNotes.of("llm.", scratch.model()));
            settings.putAll(RecipeNotes.of("language_model.", scratch.training()));
        }
        settings.putAll(RecipeNotes.of("stage_1.", training));
        settings.putAll(RecipeNotes.of(sources));
        settings.put("instructions", Fingerprint.hash(instructions.bySource().toString()));
        settings.put("validation", DataDigest.ofCaptions(split.measured()));
        settings.put("initial_model", Fingerprint.hash(initial.fingerprint().text()));
        settings.putAll(RecipeNotes.of(execution));
        return new RunSettings(settings);
    }

    /** What its report says besides. */
    Map<String, String> about(Path out, HeldOutTexts split) {
        Map<String, String> about = new LinkedHashMap<>();
        about.put("output", out.toString());
        about.put("learned from", RecipeNotes.sizes(split.training(), "group"));
        about.put("held out", Quantity.of(split.measured().size(), "group"));
        return about;
    }

    /** Where the text encoder comes from. */
    Map<String, String> provenance() {
        Map<String, String> notes = languageModelProvenance();
        notes.putAll(RecipeNotes.of("stage_1.", training));
        return notes;
    }

    /** Of what stage 1 begins with. */
    Map<String, String> languageModelProvenance() {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("made_by", "llm2clip train caption");
        notes.put("start", from());
        if (start instanceof TextStart.FromScratch scratch) {
            notes.putAll(RecipeNotes.of("language_model.", scratch.training()));
        }
        return notes;
    }

    private String from() {
        return switch (start) {
            case TextStart.Pretrained pretrained -> RecipeNotes.pretrained(pretrained.directory());
            case TextStart.FromScratch _ -> "scratch";
        };
    }
}
