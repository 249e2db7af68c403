package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.model.TextModel;
import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.report.Html;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What the training commands leave beside their models. */
class TrainRunTest {
    @TempDir
    static Path folder;

    private static Path training;
    private static Path validation;

    @BeforeAll
    static void write() throws IOException {
        training = data("training", 22);
        validation = data("validation", 4);
    }

    private static Path data(String name, int images) throws IOException {
        Path data = folder.resolve(name);
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < images; i++) {
            Fixture.picture(data.resolve(i + ".png"), 0x080402 * (i + 1));
            lines.append("""
                    {"image": "%d.png", "captions": ["Kite %d of %s flies over a beach.", "Over a beach flies kite %d, it is %s."]}
                    """.formatted(i, i, name, i, name));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
        return data;
    }

    private static List<JsonNode> metrics(Path out) throws IOException {
        return Files.readAllLines(run(out).resolve("metrics.jsonl")).stream()
                .map(Json.MAPPER::readTree)
                .toList();
    }

    private static Path run(Path out) {
        return out.resolveSibling(out.getFileName() + "-run");
    }

    private static JsonNode settings(Path out) {
        return Json.MAPPER.readTree(run(out).resolve("args.json")).path("settings");
    }

    /** The commands that the report of a training ends with work. */
    @SafeVarargs
    private static void assertCanBePasted(Path out, List<String>... more) throws IOException {
        JsonNode next = Json.MAPPER.readTree(run(out).resolve("args.json")).path("next");
        assertThat(next).hasSize(more.length);
        for (int i = 0; i < more.length; i++) {
            List<String> words = new ArrayList<>();
            next.path(i).path("command").forEach(word -> words.add(word.asString()));
            assertThat(words.getFirst()).isEqualTo("llm2clip");
            words.addAll(more[i]);
            Run tried = Run.of(words.subList(1, words.size()).toArray());
            assertThat(tried.code()).as(words + tried.err()).isZero();
        }
    }

    @Test
    void bothStagesAreRecordedMeasuredAndRefuseToBeMistaken() throws IOException {
        Path text = folder.resolve("text");
        List<Object> caption = List.of(
                "train",
                "caption",
                training,
                "--out",
                text,
                "--llm-steps",
                3,
                "--steps",
                4,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--rank",
                2,
                "--val",
                validation,
                "--eval-every",
                3,
                "--save-every",
                2,
                "--keep",
                1,
                "--weight-decay",
                0.01,
                "--beta1",
                0.8,
                "--beta2",
                0.95,
                "--clip",
                2,
                "--json");
        Run first = Run.of(caption.toArray());
        assertThat(first.err())
                .contains(
                        "weight decay 0.01, beta1 0.8, beta2 0.95, epsilon 0.00000001, clip norm 2,",
                        "from scratch but for batch, weight decay, beta1, beta2, clip norm, rank)",
                        "The best model, held-out R@1 ");
        assertThat(first.code()).isZero();
        assertThat(first.json().path("trainingGroups").asInt()).isEqualTo(22);
        assertThat(first.json().path("measuredGroups").asInt()).isEqualTo(4);
        assertThat(metrics(text))
                .extracting(line -> line.path("step").asInt() + " "
                        + line.path("phase").asString() + " " + (line.has("loss") ? "loss" : "val"))
                .containsExactly(
                        "1 language model loss",
                        "2 language model loss",
                        "3 language model loss",
                        "4 stage 1, caption contrast loss",
                        "5 stage 1, caption contrast loss",
                        "6 stage 1, caption contrast loss",
                        "6 stage 1, caption contrast val",
                        "7 stage 1, caption contrast loss",
                        "7 stage 1, caption contrast val");
        assertThat(metrics(text).get(3).path("kind").asString()).isEqualTo("long to long");
        JsonNode accuracy = first.json().path("captionRetrievalAccuracy").path("longLong");
        JsonNode figure =
                Json.MAPPER.readTree(run(text).resolve("results.json")).path(0);
        assertThat(figure.path("name").asString()).isEqualTo("caption retrieval accuracy, two long captions");
        assertThat(figure.path("before").asDouble())
                .isEqualTo(accuracy.path("before").asDouble());
        assertThat(figure.path("value").asDouble())
                .isEqualTo(accuracy.path("after").asDouble());
        assertThat(metrics(text).getLast().path("val_long_long_r1").asDouble())
                .isEqualTo(accuracy.path("after").asDouble());
        assertThat(Json.MAPPER
                        .readTree(run(text).resolve("args.json"))
                        .path("command")
                        .path(2)
                        .asString())
                .isEqualTo("caption");
        try (TextModel best = TextModel.open(run(text).resolve("best"))) {
            assertThat(best.vectors(List.of("a kite")).rows()).isEqualTo(1);
        }
        assertThat(run(text).resolve("checkpoints"))
                .isDirectoryContaining("glob:**/step-000003")
                .isDirectoryContaining("glob:**/step-000007")
                .isDirectoryNotContaining("glob:**/step-000005");

        Path model = folder.resolve("model");
        List<Object> clip = List.of(
                "train",
                "clip",
                training,
                "--text",
                text,
                "--out",
                model,
                "--steps",
                4,
                "--batch",
                8,
                "--image-size",
                16,
                "--patch-size",
                8,
                "--width",
                64,
                "--layers",
                1,
                "--embedding-size",
                8,
                "--val",
                validation,
                "--eval-every",
                2,
                "--report",
                folder.resolve("clip.html"),
                "--json");
        Run second = Run.of(clip.toArray());
        assertThat(second.code()).isZero();
        assertThat(second.json().path("trainingImages").asInt()).isEqualTo(22);
        assertThat(second.json().path("measuredImages").asInt()).isEqualTo(4);
        assertThat(metrics(model).getLast().path("val_image_to_text_r1").asDouble())
                .isEqualTo(second.json()
                        .path("retrieval")
                        .path("imageToText")
                        .path("r1")
                        .asDouble());
        String found = Html.percent(
                second.json().path("retrieval").path("textToImage").path("r1").asDouble());
        assertThat(folder.resolve("clip.html"))
                .content()
                .contains(
                        "R@1, text to image, on held-out data: %s after stage 2, 25.0 % by guessing. Trained for 4 steps (stage 2, images"
                                        .replace("%s", found)
                                + " and captions).",
                        "train clip",
                        ">image to text</abbr>, <abbr",
                        "Searches: held-out images by their captions",
                        "stage_2.batch");
        assertCanBePasted(text, List.of("--steps", "2"), List.of());
        assertCanBePasted(model, List.of(), List.of(), List.of());
        assertThat(settings(model).path("vision.hidden_size").asInt()).isEqualTo(64);
        Run eval = Run.of("eval", validation, "--model", run(model).resolve("best"), "--json");
        assertThat(eval.code()).isZero();

        List<Object> resumed = new ArrayList<>(clip);
        resumed.addAll(List.of("--resume", "--overwrite"));
        Run finished = Run.of(resumed.toArray());
        assertThat(finished.code()).isEqualTo(1);
        assertThat(finished.err())
                .startsWith("error: " + run(model)
                        + ": expected an unfinished run to go on from, found one that was finished at ")
                .hasLineCount(1);
        List<Object> elsewhere = new ArrayList<>(clip);
        elsewhere.set(elsewhere.indexOf(model), folder.resolve("other"));
        elsewhere.addAll(List.of("--run", run(model)));
        Run taken = Run.of(elsewhere.toArray());
        assertThat(taken.code()).isEqualTo(1);
        assertThat(taken.err())
                .isEqualToNormalizingNewlines("error: " + run(model)
                        + ": holds a finished run; choose another name or replace it with --overwrite.\n");
        assertThat(folder.resolve("other")).doesNotExist();
        inspected(text);
    }

    /** What inspect says of a finished run, and of a checkpoint in it. */
    private static void inspected(Path text) throws IOException {
        Run run = Run.of("inspect", run(text));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().replaceAll("\\s+", " "))
                .startsWith(run(text) + ": the folder of a training run begun 2")
                .contains(
                        "finished 2",
                        ": llm2clip train caption ",
                        " steps language model: 3 steps, loss ",
                        " stage 1, caption contrast: 4 steps, loss ",
                        " checkpoint checkpoints/step-000007, after step 7 of the run, 4 of stage 1, caption contrast",
                        " result caption retrieval accuracy, two long captions: ",
                        "chance 25.0 %)",
                        " complete yes note The best model that was measured on the way is ")
                .doesNotContain("--resume");
        JsonNode json = Run.of("inspect", run(text), "--json").json();
        assertThat(json.path("kind").asString()).isEqualTo("training_run");
        assertThat(json.path("parts")
                        .path(0)
                        .path("facts")
                        .path("settings")
                        .path("stage_1.batch")
                        .asString())
                .isEqualTo("4");

        Path checkpoint = run(text).resolve("checkpoints/step-000007");
        Run saved = Run.of("inspect", checkpoint);
        assertThat(saved.out().replaceAll("\\s+", " "))
                .contains(
                        ": a checkpoint of a training",
                        "state after step 7 of the run, 4 of stage 1",
                        " parameters what is trained ",
                        " optimizer moments of AdamW",
                        "weights parameters.safetensors, ",
                        "complete yes");
        assertThat(Run.of("inspect", checkpoint, "--tensors").out()).contains(".lora_A.weight");
        Files.write(checkpoint.resolve("parameters.safetensors"), new byte[] {1});
        Run damaged = Run.of("inspect", checkpoint);
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out().replaceAll("\\s+", " "))
                .contains("expected all files of a checkpoint, found parameters.safetensors missing or changed;");
        assertThat(Run.of("inspect", run(text)).out().replaceAll("\\s+", " "))
                .contains("note checkpoints/step-000007 is damaged; an earlier checkpoint is taken.");
        unfinished(run(text));
    }

    /** The same run, as if it had not come to its end. */
    private static void unfinished(Path run) throws IOException {
        Path arguments = run.resolve("args.json");
        byte[] finished = Files.readAllBytes(arguments);
        Files.writeString(
                arguments,
                ((ObjectNode) Json.MAPPER.readTree(finished))
                        .without("finished")
                        .toString());
        Run interrupted = Run.of("inspect", run);
        assertThat(interrupted.code()).as(interrupted.err()).isZero();
        assertThat(interrupted.out().replaceAll("\\s+", " "))
                .contains(
                        ", interrupted: llm2clip train caption ",
                        " complete no The training was interrupted; the same command with --resume goes on after step 3. note ");
        try (DirectoryLock _ = DirectoryLock.acquire(run)) {
            Run running = Run.of("inspect", run);
            assertThat(running.code()).isZero();
            assertThat(running.out().replaceAll("\\s+", " "))
                    .contains(", running: llm2clip train caption ", " complete no The training is running. note ")
                    .doesNotContain("--resume");
            JsonNode json = Run.of("inspect", run, "--json").json();
            assertThat(json.path("complete").asBoolean()).isFalse();
            assertThat(json.path("pending").path(0).asString()).isEqualTo("The training is running.");
            assertThat(json.path("parts").path(0).path("facts").path("state").asString())
                    .isEqualTo("running");
        }
        Files.write(arguments, finished);
    }

    @Test
    void aTrainingThatFailsAtItsFirstBatchIsTriedAgainWithTheSameCommand() throws IOException {
        Path damaged = data("damaged", 22);
        for (int i = 0; i < 22; i++) {
            Files.writeString(damaged.resolve(i + ".png"), "broken");
        }
        Path out = folder.resolve("again");
        Object[] command = {
            "train",
            "clip",
            damaged,
            "--text",
            Fixture.model(folder.resolve("fixture")),
            "--out",
            out,
            "--steps",
            1,
            "--batch",
            8,
            "--image-size",
            16,
            "--patch-size",
            8,
            "--width",
            64,
            "--layers",
            1,
            "--quiet"
        };
        Run failed = Run.of(command);
        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("error: ").contains(".png");
        assertThat(run(out)).doesNotExist();
        data("damaged", 22);
        Run again = Run.of(command);
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(run(out).resolve("results.json")).exists();
    }

    @Test
    void aReportThatCannotBeWrittenIsRefusedBeforeTheWork() {
        Run run = Run.of(
                "train",
                "clip",
                training,
                "--text",
                "t",
                "--out",
                folder.resolve("none"),
                "--report",
                folder.resolve("no/r.html"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("there is no folder", "--report").hasLineCount(1);
        assertThat(run(folder.resolve("none"))).doesNotExist();
    }

    @Test
    void sharesThatLeaveTooLittleAreOneSentence() {
        Run run = Run.of("train", "clip", training, "--text", "t", "--out", folder.resolve("none"), "--val", 0.01);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .isEqualToNormalizingNewlines(
                        "error: %s has 22 usable examples, training needs at least 200, one in 100 of which is held out; add some.\n"
                                .formatted(training));
        assertThat(run(folder.resolve("none"))).doesNotExist();
        Run missing = Run.of(
                "train", "caption", training, "--out", folder.resolve("none"), "--val", folder.resolve("absent"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("absent", "is no data set").hasLineCount(1);
    }
}
