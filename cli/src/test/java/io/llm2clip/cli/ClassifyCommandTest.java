package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.zeroshot.PromptTemplates;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ClassifyCommandTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path pictures;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"));
        pictures = folder.resolve("pictures");
        Fixture.picture(pictures.resolve("kite/a.png"), 0x208040);
        Fixture.picture(pictures.resolve("kite/b.png"), 0x804020);
        Fixture.picture(pictures.resolve("tent/c.png"), 0x102030);
        Fixture.picture(pictures.resolve("other/d.png"), 0x7f7f7f);
        Files.writeString(pictures.resolve("tent/broken.jpg"), "no picture");
    }

    private static Run classify(Object... more) {
        return Run.of(Stream.concat(Stream.of("classify", "--model", model), Stream.of(more))
                .toArray());
    }

    private static List<JsonNode> lines(String out) {
        return out.lines().map(line -> Json.MAPPER.readTree(line)).toList();
    }

    private static double[] vector(Object... what) {
        JsonNode values = lines(Run.of(Stream.concat(Stream.of("embed", "--model", model, "--json"), Stream.of(what))
                                .toArray())
                        .out())
                .getFirst()
                .path("embedding");
        double[] vector = new double[values.size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = values.get(i).asDouble();
        }
        return vector;
    }

    private static double[] unit(double[] vector) {
        double squares = 0;
        for (double value : vector) {
            squares += value * value;
        }
        double[] unit = vector.clone();
        for (int i = 0; i < unit.length; i++) {
            unit[i] /= Math.sqrt(squares);
        }
        return unit;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** CLIP's arithmetic, from the vectors that embed prints: mean of unit vectors, scaled to 1, softmax of scaled cosines. */
    @Test
    void labelsAreMeansOfTheirPrompts() {
        Path image = pictures.resolve("kite/a.png");
        List<String> labels = List.of("kite", "tent", "beach");
        double scale = 1 / 0.07;
        for (Map.Entry<String, PromptTemplates> choice : Map.of(
                        "simple", PromptTemplates.SIMPLE, "photo", PromptTemplates.PHOTO, "none", PromptTemplates.NONE)
                .entrySet()) {
            double[] picture = vector("--image", image);
            List<double[]> means = new ArrayList<>();
            for (String label : labels) {
                double[] sum = new double[picture.length];
                for (String template : choice.getValue().templates()) {
                    double[] prompt = vector("--text", template.replace("{}", label));
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += prompt[i];
                    }
                }
                means.add(unit(sum));
            }
            double total = means.stream()
                    .mapToDouble(mean -> Math.exp(scale * dot(picture, mean)))
                    .sum();
            Run run = classify(image, "--labels", "kite, tent,beach", "--templates", choice.getKey(), "--json");
            assertThat(run.code()).as(run.err()).isZero();
            JsonNode scores = lines(run.out()).getFirst().path("labels");
            assertThat(scores.size()).isEqualTo(3);
            double before = 1;
            for (JsonNode score : scores) {
                double[] mean = means.get(labels.indexOf(score.path("label").asString()));
                double cosine = dot(picture, mean);
                assertThat(score.path("cosine").asDouble()).isCloseTo(cosine, within(1e-5));
                assertThat(score.path("probability").asDouble())
                        .isCloseTo(Math.exp(scale * cosine) / total, within(1e-4))
                        .isLessThanOrEqualTo(before);
                before = score.path("probability").asDouble();
            }
        }
    }

    @Test
    void imagesOfFoldersAreListedWithTheirBestLabels() {
        Run run = classify(pictures, "--labels", "kite,tent,beach", "--top", "2");
        assertThat(run.code()).isZero();
        assertThat(run.out().lines()).hasSize(4 * 3);
        assertThat(run.out()).containsPattern("c\\.png\\R +\\d+\\.\\d %  +-?0\\.\\d{3}  (kite|tent|beach)\\R");
        assertThat(run.err())
                .contains("broken.jpg cannot be decoded", "1 of 5 images skipped.", "relative to the labels given");
        List<JsonNode> lines = lines(
                classify(pictures, "--labels", "kite,tent,beach", "--json").out());
        assertThat(lines).hasSize(5);
        assertThat(lines.get(3).path("error").asString()).contains("cannot be decoded");
    }

    @Test
    void tabSeparatedLinesHaveFiveFields() throws IOException {
        Path odd = Fixture.picture(folder.resolve("odd\tname/a.png"), 0x208040);
        Run run = classify(odd, "--labels", "kite,tent", "--tsv", "--quiet");
        assertThat(run.err()).isEmpty();
        assertThat(run.out().lines())
                .hasSize(2)
                .allMatch(line -> line.split("\t", -1).length == 5)
                .allMatch(line -> line.startsWith(LineFormat.escape(odd.toString()) + "\t"));
        double total = run.out()
                .lines()
                .mapToDouble(line -> Double.parseDouble(line.split("\t")[3]))
                .sum();
        assertThat(total).isCloseTo(1, within(1e-12));
        Run both = classify(odd, "--labels", "kite,tent", "--tsv", "--json");
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).startsWith("error: --tsv and --json are two formats; choose one.");
    }

    @Test
    void accuracyIsThatOfTheListedLabels() throws IOException {
        Path names = Files.writeString(
                folder.resolve("names.txt"), "\uFEFFkite\ta red kite\r\n\ntent\nbeach\ta beach\nsnow\ta beach\n");
        Run run = classify(pictures, "--labels", names, "--truth", "folders", "--json");
        assertThat(run.code()).as(run.err()).isZero();
        List<JsonNode> lines = new ArrayList<>(lines(run.out()));
        JsonNode accuracy = lines.removeLast().path("accuracy");
        int right = 0;
        List<String> mistakes = new ArrayList<>();
        for (JsonNode line : lines) {
            if (line.has("truth")) {
                String truth = line.path("truth").asString();
                String answer = line.path("labels").path(0).path("label").asString();
                assertThat(line.path("image").asString()).contains("/" + truth + "/");
                right += truth.equals(answer) ? 1 : 0;
                if (!truth.equals(answer)) {
                    mistakes.add(truth + ">" + answer);
                }
            }
        }
        assertThat(accuracy.path("images").asInt()).isEqualTo(3);
        assertThat(accuracy.path("top1").asDouble()).isCloseTo(right / 3.0, within(1e-12));
        assertThat(accuracy.path("top5").asDouble()).isEqualTo(1);
        assertThat(accuracy.path("confusions").size())
                .isEqualTo((int) mistakes.stream().distinct().count());
        assertThat(run.err()).contains("1 image is in no folder named after a label, and not counted; the first is ");
        assertThat(classify(pictures, "--labels", names, "--truth", "folders").out())
                .containsPattern("accuracy on 3 images among 4 labels: top-1 \\d+\\.\\d %; mean per label ");
        Run none = classify(pictures, "--labels", "cat,dog", "--truth", "folders");
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err())
                .startsWith(
                        "error: None of the images is in a folder that is named after a label, such as 'cat'; found '")
                .hasLineCount(1);
    }

    @Test
    void labelsAndTemplatesComeFromFilesOrStandardInput() throws IOException {
        Path image = pictures.resolve("kite/a.png");
        Path list = Files.writeString(folder.resolve("list.txt"), "kite\ntent\n");
        Path prompts = Files.writeString(folder.resolve("prompts.txt"), "\nitap of a {}.\n{} and {}\n");
        String expected = classify(image, "--labels", "kite,tent", "--tsv", "--templates", prompts)
                .out();
        assertThat(expected).hasLineCount(2);
        assertThat(classify(image, "--labels", list, "--tsv", "--templates", prompts)
                        .out())
                .isEqualTo(expected);
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream("kite\ntent".getBytes(StandardCharsets.UTF_8)));
        try {
            assertThat(classify(image, "--labels", "-", "--tsv", "--templates", prompts)
                            .out())
                    .isEqualTo(expected);
        } finally {
            System.setIn(before);
        }
        assertThat(PromptTemplates.IMAGENET.templates()).hasSize(80).doesNotHaveDuplicates();
        assertThat(PromptTemplates.IMAGENET.templates()).containsAll(PromptTemplates.SIMPLE.templates());
        assertThat(classify(image, "--labels", "kite,tent", "--templates", "imagenet", "--tsv")
                        .out())
                .hasLineCount(2)
                .isNotEqualTo(expected);
    }

    /** Before the model is opened: there is none. */
    @Test
    void unusableLabelsAndTemplatesAreOneSentence() throws IOException {
        Path empty = Files.writeString(folder.resolve("empty.txt"), "");
        Path blank = Files.writeString(folder.resolve("blank.txt"), "\n \n");
        Path twice = Files.writeString(folder.resolve("twice.txt"), "kite\ntent\nkite\n");
        Path half = Files.writeString(folder.resolve("half.txt"), "kite\t\ntent\n");
        Path flat = Files.writeString(folder.resolve("flat.txt"), "a photo of a {}.\na photo\n");
        Path picture = pictures.resolve("kite/a.png");
        for (Map.Entry<List<Object>, String> bad : Map.<List<Object>, String>of(
                        List.of("--labels", "kite"), "there is no such file, and a list has commas",
                        List.of("--labels", "kite,,tent"), "expected a label between commas, found none",
                        List.of("--labels", "kite,tent, kite"), "expected each label once, found 'kite' twice",
                        List.of("--labels", empty), "empty.txt holds no texts",
                        List.of("--labels", blank),
                                "blank.txt: expected at least two labels to choose from, found none",
                        List.of("--labels", twice), "twice.txt: expected each label once, found 'kite' twice",
                        List.of("--labels", half), "half.txt: expected a label, or a name, a tab and the words",
                        List.of("--labels", "a,b", "--templates", "sinple"), "The templates 'sinple': expected simple,",
                        List.of("--labels", "a,b", "--templates", flat), "flat.txt: The template 'a photo' has no {}",
                        List.of("--labels", "a,b", "--templates", blank), "blank.txt: There are no templates")
                .entrySet()) {
            Run run = Run.of(Stream.concat(
                            Stream.of("classify", picture, "--model", folder.resolve("none")), bad.getKey().stream())
                    .toArray());
            assertThat(run.code()).as(bad.getValue()).isEqualTo(1);
            assertThat(run.err()).startsWith("error: ").contains(bad.getValue()).hasLineCount(1);
        }
        Run broken = classify(pictures.resolve("tent/broken.jpg"), "--labels", "a,b");
        assertThat(broken.code()).isEqualTo(1);
        assertThat(broken.err()).contains("error: None of the images can be read");
        for (String bad : List.of("0", "-1")) {
            assertThat(classify(picture, "--labels", "a,b", "--top", bad).code())
                    .isEqualTo(2);
        }
        assertThat(classify(picture).code()).isEqualTo(2);
    }

    @Test
    void cutPromptsAreCounted() {
        Run run = classify(
                pictures.resolve("kite/a.png"), "--labels", "kite ".repeat(600) + ",tent", "--templates", "photo");
        assertThat(run.err()).contains("1 of 2 captions is too long and cut");
        assertThat(run.out().lines().skip(1).map(line -> line.strip().split(" ")[0]))
                .isSortedAccordingTo(Comparator.comparingDouble((String text) -> -Double.parseDouble(text)));
    }
}
