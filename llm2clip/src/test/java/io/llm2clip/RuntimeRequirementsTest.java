package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.image.ImageReader;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.CaptionTrainingJob;
import io.llm2clip.training.ClipData;
import io.llm2clip.training.ClipDataChoices;
import io.llm2clip.training.ClipText;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.ClipTrainingJob;
import io.llm2clip.training.TextStart;
import io.llm2clip.training.VisionStart;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the library says in a virtual machine without its options, and what it leaves alone there. */
class RuntimeRequirementsTest {
    @TempDir
    private Path folder;

    @Test
    void whatComesFirstSaysWhichOptionIsMissing() throws Exception {
        List<String> lines = run(Entries.class, folder.resolve("nothing"));
        assertThat(lines)
                .hasSize(5)
                .containsOnly("java.lang.IllegalStateException: llm2clip needs the Vector API, which this"
                        + " JVM was started without; add --add-modules jdk.incubator.vector to its options.");
    }

    @Test
    void readingImagesChangesNoSystemProperty() throws Exception {
        Path picture = folder.resolve("picture.png");
        ImageIO.write(new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB), "png", picture.toFile());
        assertThat(run(Reading.class, picture)).isEmpty();
    }

    private List<String> run(Class<?> program, Path argument) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.getName(),
                        argument.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        return Files.readAllLines(output);
    }

    /** Every way in, with arguments that would be refused later. */
    static final class Entries {
        public static void main(String[] arguments) {
            Path nothing = Path.of(arguments[0]);
            List<Runnable> entries = new ArrayList<>();
            entries.add(() -> Llm2Clip.load(nothing));
            entries.add(() -> TextModel.open(nothing));
            entries.add(() -> new CaptionTrainingJob(
                            List.of(),
                            new TextStart.Pretrained(nothing),
                            CaptionTraining.Config.fromScratch(100, 1),
                            nothing,
                            Existing.REFUSE)
                    .run(Progress.NONE));
            entries.add(() -> new ClipTrainingJob(
                            new ClipData(new MemoryExamples(List.of()), ClipDataChoices.PRETRAINED),
                            new ClipText.LanguageModel(nothing, nothing.resolveSibling("vectors")),
                            new VisionStart.Pretrained(nothing),
                            ClipTraining.Config.fromScratch(100, 1),
                            nothing,
                            Existing.REFUSE)
                    .run(Progress.NONE));
            entries.add(() -> Tensor.scalar(1).add(2).evaluate());
            for (Runnable entry : entries) {
                try {
                    entry.run();
                } catch (RuntimeException | Error e) {
                    System.out.println(e);
                }
            }
        }
    }

    static final class Reading {
        public static void main(String[] arguments) {
            Properties before = (Properties) System.getProperties().clone();
            ImageReader.DEFAULT.read(Path.of(arguments[0]));
            System.getProperties().forEach((key, value) -> {
                if (!value.equals(before.get(key))) {
                    System.out.println(key + " is " + value);
                }
            });
        }
    }
}
