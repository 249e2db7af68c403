package io.llm2clip.evaluation.sets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import io.llm2clip.zeroshot.Label;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageNetTest {
    @TempDir
    Path folder;

    private void image(String name) throws Exception {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[] {1});
    }

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call).isInstanceOf(InputException.class).hasMessageContainingAll(parts);
    }

    @Test
    void validationImagesLieInFoldersOfTheirClass() throws Exception {
        image("val/n02/b.JPEG");
        image("val/n02/a.JPEG");
        image("val/n01/c.JPEG");
        image("val/n03/other.JPEG");
        refused(
                () -> ImageNet.validation(folder),
                "expected the names of its classes, classnames.txt or LOC_synset_mapping.txt",
                "found val/");
        Files.writeString(
                folder.resolve("LOC_synset_mapping.txt"), "n02 house finch, linnet\nn01 tench, Tinca tinca\n");
        ImageNet.Validation wordNet = ImageNet.validation(folder);
        assertThat(wordNet.names().published()).isFalse();
        assertThat(wordNet.names().labels())
                .containsExactly(new Label("n01", "tench"), new Label("n02", "house finch"));
        Files.writeString(folder.resolve("classnames.txt"), "n02 finch\r\n\nn01\ttench, a fish\n");
        ImageNet.Validation validation = ImageNet.validation(folder);
        assertThat(validation.names().published()).isTrue();
        assertThat(validation.names().labels())
                .containsExactly(new Label("n01", "tench, a fish"), new Label("n02", "finch"));
        assertThat(validation.images().images())
                .extracting(image -> image.file().getFileName() + " " + image.label())
                .containsExactly("c.JPEG 0", "a.JPEG 1", "b.JPEG 1");
        assertThat(validation.images().leftOut().toString())
                .contains("1 image is in folders that are no class and left out", "other.JPEG");
    }

    @Test
    void classNamesThatAreNoneAreRefused() throws Exception {
        image("val/n01/c.JPEG");
        Files.writeString(folder.resolve("classnames.txt"), "n01 tench\ntench\n");
        refused(() -> ImageNet.validation(folder), "found in line 2: 'tench'", "a line is the folder of a class");
        Files.writeString(folder.resolve("classnames.txt"), "n01 tench\nn01 finch\n");
        refused(() -> ImageNet.validation(folder), "found 'n01' twice");
        Files.writeString(folder.resolve("classnames.txt"), "n07 tench\nn08 finch\n");
        refused(
                () -> ImageNet.validation(folder),
                "expected images in folders named after classes, such as n07, found 1 of 1 image in others",
                "use the class names of these images");
        Files.writeString(folder.resolve("classnames.txt"), "");
        refused(() -> ImageNet.validation(folder), "expected at least two labels");
    }

    @Test
    void v2HasNumberedFoldersOfThousandClasses() throws Exception {
        image("imagenet-v2/imagenetv2-matched-frequency-format-val/0/a.jpeg");
        image("imagenet-v2/imagenetv2-matched-frequency-format-val/10/b.jpeg");
        Files.createDirectories(folder.resolve("imagenet"));
        Path names = folder.resolve("imagenet/classnames.txt");
        Files.writeString(names, "n0 zero\nn1 one\n");
        refused(
                () -> ImageNet.v2(folder.resolve("imagenet-v2"), folder.resolve("imagenet")),
                "expected the 1000 classes of ImageNet, whose numbers its folders are, found 2 in " + names);
        Files.writeString(
                names,
                IntStream.range(0, 1000).mapToObj("n%08d word"::formatted).collect(Collectors.joining("\n")));
        ImageNet.Validation v2 = ImageNet.v2(folder.resolve("imagenet-v2"), folder.resolve("imagenet"));
        assertThat(v2.images().images()).extracting(ClassifiedSet.Image::label).containsExactly(0, 10);
        assertThat(v2.names().labels().get(10).name()).isEqualTo("n00000010");
    }

    @Test
    void aProbeTakesTheClassesOfItsTrainingImages() throws Exception {
        image("train/cat/1.jpg");
        image("train/dog/2.jpg");
        image("val/dog/3.jpg");
        image("val/dog/5.jpg");
        image("val/horse/4.jpg");
        ClassifiedSet training = ImageNet.training(folder);
        assertThat(training.classes()).containsExactly("cat", "dog");
        ClassifiedSet test = ImageNet.test(folder, training);
        assertThat(test.images()).extracting(ClassifiedSet.Image::label).containsExactly(1, 1);
        assertThat(test.leftOut()).hasSize(1);
        Path one = folder.resolve("one");
        Files.createDirectories(one.resolve("train/cat"));
        refused(() -> ImageNet.training(one), "expected a folder per class in", "found cat/", "at least two classes");
        refused(() -> ImageNet.training(one.resolve("train")), "expected train in the folder", "found cat/");
    }
}
