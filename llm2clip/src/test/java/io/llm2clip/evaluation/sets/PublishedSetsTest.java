package io.llm2clip.evaluation.sets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Miniature copies of published layouts; images are not decoded by readers. */
class PublishedSetsTest {
    @TempDir
    Path folder;

    private void images(String... names) throws IOException {
        for (String name : names) {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            Files.write(file, new byte[] {1});
        }
    }

    private void write(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
    }

    private static List<List<String>> captions(RetrievalSet set) {
        return Objects.requireNonNull(set.captions().get(RetrievalSet.ONE_LANGUAGE));
    }

    private static List<String> names(RetrievalSet set) {
        return set.images().stream().map(RetrievalSet.Image::name).toList();
    }

    private static void refused(Function<Path, RetrievalSet> reader, Path folder, String... parts) {
        assertThatThrownBy(() -> reader.apply(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContainingAll(parts);
    }

    private static final String KARPATHY = """
            {"dataset": "flickr30k", "images": [
             {"filename": "1.jpg", "imgid": 0, "split": "train", "sentids": [0], "sentences": [{"tokens": ["a"], "raw": "Not this.", "imgid": 0, "sentid": 0}]},
             {"filename": "2.jpg", "imgid": 1, "split": "test", "sentids": [1, 2], "sentences": [{"raw": "Two."}, {"raw": "Second."}, {"raw": "c"}, {"raw": "d"}, {"raw": "e"}, {"raw": "f"}]},
             {"filename": "3.jpg", "imgid": 2, "split": "test", "sentids": [3], "sentences": [{"raw": "Three."}, {"raw": 3}, {"raw": null}, {"tokens": []}]}]}
            """;

    @Test
    void flickr30kInKarpathysFileHasItsTestSplitWithAllCaptions() throws Exception {
        images("flickr30k-images/1.jpg", "flickr30k-images/2.jpg", "flickr30k-images/3.jpg");
        write("dataset_flickr30k.json", KARPATHY);
        RetrievalSet set = PublishedSets.flickr30k(folder);
        assertThat(names(set)).containsExactly("2.jpg", "3.jpg");
        assertThat(captions(set)).containsExactly(List.of("Two.", "Second.", "c", "d", "e", "f"), List.of("Three."));
        assertThat(set.report().summary())
                .isEqualTo(folder.resolve("dataset_flickr30k.json")
                        + ": 2 of 2 images used; captions left out: 3 (not a string).");
    }

    @Test
    void cocoKeepsFiveCaptionsAndFindsImagesInTheFolderThatTheFileNames() throws Exception {
        images("images/val2014/2.jpg", "val2014/3.jpg");
        write("dataset_coco.json", KARPATHY.replace("\"imgid\": ", "\"filepath\": \"val2014\", \"imgid\": "));
        RetrievalSet set = PublishedSets.coco(folder);
        assertThat(captions(set)).containsExactly(List.of("Two.", "Second.", "c", "d", "e"), List.of("Three."));
        assertThat(set.images().getFirst().file()).endsWith(Path.of("images/val2014/2.jpg"));
        Files.delete(folder.resolve("val2014/3.jpg"));
        refused(PublishedSets::coco, folder, "a single usable image");
        assertThat(captions(PublishedSets.cocoCaptions(folder))).isEqualTo(captions(set));
    }

    @Test
    void salesforcesFilesAreLists() throws Exception {
        images("val2014/1.jpg", "val2014/2.jpg");
        write(
                "annotations/coco_karpathy_test.json",
                "[{\"image\": \"val2014/1.jpg\", \"caption\": [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]}, {\"image\": \"val2014/2.jpg\", \"caption\": [\"g\"]}]");
        assertThat(captions(PublishedSets.coco(folder)))
                .containsExactly(List.of("a", "b", "c", "d", "e"), List.of("g"));
        images("images/1.jpg", "images/2.jpg");
        write(
                "flickr30k_test.json",
                "[{\"image\": \"flickr30k-images/1.jpg\", \"caption\": [\"a\"]}, {\"image\": \"flickr30k-images/2.jpg\", \"caption\": [\"g\"]}]");
        assertThat(names(PublishedSets.flickr30k(folder))).hasSize(2);
    }

    @Test
    void captionsPerLineNeedTheNamesOfTheTestImages() throws Exception {
        images("flickr30k_images/1.jpg", "flickr30k_images/2.jpg", "flickr30k_images/3.jpg");
        String lines = "1.jpg#0\tOne , two .\r\n1.jpg#1\tOne again\n2.jpg#0\tTwo\n3.jpg#0\tThree\n";
        write("results_20130124.token", lines);
        refused(PublishedSets::flickr30k, folder, "Flickr30k: expected test.txt beside", "dataset_flickr30k.json");
        write("test.txt", "1\n2\n\n");
        assertThat(captions(PublishedSets.flickr30k(folder)))
                .containsExactly(List.of("One , two .", "One again"), List.of("Two"));
        write("results_20130124.token", lines + "1.jpg#0\tOne , two .\n");
        refused(PublishedSets::flickr30k, folder, "caption listed twice: 1.jpg#0");
        Files.delete(folder.resolve("results_20130124.token"));
        write(
                "results.csv",
                "image_name| comment_number| comment\n1.jpg| 0| One | bar\n2.jpg| 0| Two\n3.jpg| 0| Three\n");
        assertThat(captions(PublishedSets.flickr30k(folder))).containsExactly(List.of("One | bar"), List.of("Two"));
        write("test.txt", "\n");
        refused(PublishedSets::flickr30k, folder, "expected the name of an image per line, found none");
    }

    @Test
    void tablesHaveACaptionOrAnImagePerRow() throws Exception {
        images("images/1.jpg", "images/2.jpg");
        write(
                "flickr_annotations_30k.csv",
                "raw,sentids,split,filename,img_id\r\n"
                        + "\"[\"\"A \\u0022dog\\u0022, brown.\"\", \"\"Two\n\"\"]\",[0],test,1.jpg,0\r\n"
                                .replace("\n\"\"]", "\"\"]")
                        + "\"[\"\"x\"\"]\",[1],train,3.jpg,1\r\n"
                        + "\"[\"\"Three\"\"]\",[2],test,2.jpg,2\r\n");
        assertThat(captions(PublishedSets.flickr30k(folder)))
                .containsExactly(List.of("A \"dog\", brown.", "Two"), List.of("Three"));
        Files.delete(folder.resolve("flickr_annotations_30k.csv"));
        write(
                "flickr30k_test_karpathy.txt",
                "\uFEFFimage,caption\n1.jpg,One\n1.jpg,\"One, again\nand \"\"more\"\"\"\n2.jpg, Two\n");
        assertThat(captions(PublishedSets.flickr30k(folder)))
                .containsExactly(List.of("One", "One, again\nand \"more\""), List.of("Two"));
        write("flickr30k_test_karpathy.txt", "file,text\n1.jpg,One\n");
        refused(PublishedSets::flickr30k, folder, "expected the columns image and caption");
        write("flickr30k_test_karpathy.txt", "");
        refused(PublishedSets::flickr30k, folder, "expected the columns image and caption");
    }

    @Test
    void shareGpt4vIsTheFirstThousandEntriesAndTheRestIsNotRead() throws Exception {
        images("data/sam/images/1.jpg", "data/sam/images/2.jpg");
        StringBuilder json = new StringBuilder("[");
        for (int i = 0; i < 1000; i++) {
            json.append(
                    "{\"id\": %d, \"image\": \"sam/images/%d.jpg\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image>\\nWhat?\"}, {\"from\": \"gpt\", \"value\": \"Caption %d\"}]},"
                            .formatted(i, i, i));
            images("data/sam/images/" + i + ".jpg");
        }
        write(ShareGpt4v.FILE, json + "{\"image\": \"sam/images/beyond.jpg\"}, and no JSON");
        RetrievalSet set = PublishedSets.shareGpt4v(folder);
        assertThat(set.images()).hasSize(1000);
        assertThat(captions(set).get(7)).containsExactly("Caption 7");
    }

    @Test
    void urban1kIsInOrderOfNumbersAndTakesTheFirstLine() throws Exception {
        images("image/1.jpg", "image/2.jpg", "image/10.jpg");
        write("caption/10.txt", "Ten.\nMore.");
        write("caption/2.txt", "Two.\n");
        write("caption/1.txt", "One.");
        RetrievalSet set = PublishedSets.urban1k(folder);
        assertThat(names(set)).containsExactly("1.jpg", "2.jpg", "10.jpg");
        assertThat(captions(set)).containsExactly(List.of("One."), List.of("Two."), List.of("Ten."));
        write("caption/1.txt", "");
        refused(PublishedSets::urban1k, folder, "1 unusable file of 3", "no caption", "caption/1.txt");
    }

    @Test
    void docciIsItsTestSplit() throws Exception {
        images("images/test_0.jpg", "images/test_1.jpg");
        write("docci_descriptions.jsonlines", """
                {"example_id": "train_0", "split": "train", "image_file": "train_0.jpg", "description": "No."}
                {"example_id": "test_0", "split": "test", "image_file": "test_0.jpg", "description": "Zero."}
                {"example_id": "test_1", "split": "test", "image_file": "test_1.jpg", "description": "One."}
                """);
        assertThat(captions(PublishedSets.docci(folder))).containsExactly(List.of("Zero."), List.of("One."));
    }

    @Test
    void xm3600HasCaptionsByLanguage() throws Exception {
        images("images/a.jpg", "images/b.jpg");
        write("captions.jsonl", """
                {"image/key": "a", "image/locale": "en", "en": {"caption": ["A dog."], "caption/tokenized": ["A dog ."]}, "de": {"caption": ["Ein Hund.", "Hund"]}}
                {"image/key": "b", "image/locale": "de", "en": {"caption": ["A cat."]}, "sw": {"caption": []}}
                """);
        RetrievalSet set = PublishedSets.xm3600(folder);
        assertThat(set.captions()).containsOnlyKeys("en", "de");
        assertThat(set.captions().get("en")).containsExactly(List.of("A dog."), List.of("A cat."));
        assertThat(set.captions().get("de")).containsExactly(List.of("Ein Hund.", "Hund"), List.of());
    }

    @Test
    void chineseSetsTakeImagesOfTheEnglishOnes() throws Exception {
        images("flickr30k/flickr30k-images/1.jpg", "flickr30k/flickr30k-images/2.jpg");
        write("flickr-cn/flickr30k_cn_test.txt", "1#0\t一只狗\n2#0\t两只猫\n1#1\t狗\n");
        Path chinese = folder.resolve("flickr-cn");
        assertThat(captions(PublishedSets.flickrCn(chinese, folder.resolve("flickr30k"))))
                .containsExactly(List.of("一只狗", "狗"), List.of("两只猫"));
        write("flickr-cn/flickr30k_cn_test.txt", "image,caption\n1.jpg,一只狗\n2.jpg,两只猫\n");
        assertThat(names(PublishedSets.flickrCn(chinese, folder.resolve("flickr30k"))))
                .containsExactly("1.jpg", "2.jpg");

        images("coco/val2014/COCO_val2014_1.jpg", "coco-cn/train2014/COCO_train2014_2.jpg");
        write(
                "coco-cn/coco-cn-version1805v1.1/imageid.human-written-caption.txt",
                "COCO_val2014_1#0\t一只狗\nCOCO_train2014_2#0 三只鸟\nCOCO_train2014_3#0\t四\nCOCO_val2014_1#1\t狗\n");
        Path cocoCn = folder.resolve("coco-cn");
        refused(path -> PublishedSets.cocoCn(path, folder.resolve("coco")), cocoCn, "expected coco-cn_test.txt");
        write("coco-cn/coco-cn-version1805v1.1/coco-cn_test.txt", "COCO_val2014_1\nCOCO_train2014_2\n");
        assertThat(captions(PublishedSets.cocoCn(cocoCn, folder.resolve("coco"))))
                .containsExactly(List.of("一只狗", "狗"), List.of("三只鸟"));
    }

    @Test
    void aWrongFolderIsRefusedWithWhatWasFoundAndWhatToDo() throws Exception {
        refused(
                PublishedSets::urban1k,
                folder.resolve("none"),
                "Urban1k: the folder " + folder.resolve("none") + " does not exist; unpack Urban1k.zip");
        Files.createDirectory(folder.resolve("empty"));
        refused(
                PublishedSets::docci,
                folder.resolve("empty"),
                "DOCCI: expected docci_descriptions.jsonlines in the folder " + folder.resolve("empty")
                        + ", found an empty folder; put it beside");
        write("captions_val2014.json", "{}");
        refused(
                PublishedSets::coco,
                folder,
                "COCO: expected dataset_coco.json or coco_karpathy_test.json in the folder",
                "found captions_val2014.json, empty/;",
                "captions_val2014.json and captions_val2017.json have other images");
    }

    @Test
    void whatIsNoAnnotationIsRefused() throws Exception {
        images("images/1.jpg", "images/2.jpg");
        write("dataset_flickr30k.json", KARPATHY.replace("\"test\"", "\"val\""));
        refused(PublishedSets::flickr30k, folder, "expected images of the split 'test', found 'train' (1), 'val' (2)");
        write("dataset_flickr30k.json", KARPATHY.substring(0, KARPATHY.length() / 2));
        refused(PublishedSets::flickr30k, folder, "found what is no JSON (", "get the file again");
        write("dataset_flickr30k.json", "[]");
        refused(PublishedSets::flickr30k, folder, "expected a JSON object with a list \"images\", found none");
        write("dataset_flickr30k.json", "{\"images\": {}}");
        refused(PublishedSets::flickr30k, folder, "expected a JSON object with a list \"images\", found none");
        write("dataset_flickr30k.json", "{\"images\": []}");
        refused(PublishedSets::flickr30k, folder, "is empty; an image has the form");
        write("dataset_flickr30k.json", "{\"images\": [1, null, \"x\"]}");
        refused(PublishedSets::flickr30k, folder, "3 unusable images of 3, the first is image 1 (not a JSON object)");
        write("dataset_flickr30k.json", "");
        refused(PublishedSets::flickr30k, folder, "expected a JSON object");
    }

    @Test
    void oneBadEntryIsSkippedAndCounted() throws Exception {
        StringBuilder entries = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            images("images/" + i + ".jpg");
            entries.append("{\"image\": \"%d.jpg\", \"caption\": [\"Caption %d\"]},".formatted(i, i));
        }
        for (String bad : new String[] {
            "{\"image\": \"3.jpg\", \"caption\": [\"Again.\"]}",
            "{\"image\": \"21.jpg\", \"caption\": [\"Not there.\"]}",
            "{\"image\": \"../secret.jpg\", \"caption\": [\"Outside.\"]}",
            "{\"image\": \"1\\u0000.jpg\", \"caption\": [\"No path.\"]}",
            "{\"image\": 5, \"caption\": [\"No name.\"]}",
            "{\"image\": \"5.jpg\", \"caption\": 7}",
            "{\"image\": \"5.jpg\", \"caption\": [null, 7, \" \"]}",
            "{\"image\": \"5.jpg\"}",
            "17"
        }) {
            write("flickr30k_test.json", "[" + entries + bad + "]");
            RetrievalSet set = PublishedSets.flickr30k(folder);
            assertThat(set.images()).as(bad).hasSize(20);
            assertThat(set.report().skipped()).as(bad).isEqualTo(1);
            assertThat(set.report().summary()).contains("20 of 21 images used; skipped 1 (", ", first in image 21");
        }
        write("flickr30k_test.json", "[{\"image\": \"1.jpg\", \"caption\": [\"Alone.\"]}]");
        refused(PublishedSets::flickr30k, folder, "a single usable image");
    }
}
