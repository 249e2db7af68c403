package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionFolderTest {
    @TempDir
    Path folder;

    @Test
    void hasTheItemsOfAFolderInMemory() throws Exception {
        Examples.folder(folder, 3);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            switch (i % 50) {
                case 7 -> lines.add("");
                case 8 -> lines.add("{\"image\": \"images/none.png\", \"captions\": [\"x\"]}");
                case 9 -> lines.add("nonsense");
                default ->
                    lines.add("{\"image\": \"images/%d.png\", \"captions\": [\"ü %d\", \" \"]}\r".formatted(i % 3, i));
            }
        }
        Files.writeString(folder.resolve("captions.jsonl"), "\ufeff" + String.join("\n", lines));
        CaptionedImages whole = CaptionedImages.open(folder);
        CaptionFolder set = CaptionFolder.open(folder);
        assertThat(set.notes()).containsExactly(whole.report().summary());
        assertThat(set.shards()).isEqualTo(3);
        assertThat(set.size()).isEqualTo(whole.size());
        int next = 0;
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index++) {
                CaptionedImage item = whole.items().get(next++);
                Example example = set.read(shard, index);
                assertThat(example.texts()).isEqualTo(item.captions());
                assertThat(example.image()).contains(new ExampleImage.OfFile(item.path()));
            }
        }
    }

    @Test
    void aFileThatChangesWhileItIsUsedIsNoticed() throws Exception {
        Examples.folder(folder, 3);
        CaptionFolder set = CaptionFolder.open(folder);
        assertThat(set.read(0, 2).key()).isEqualTo("images/2.png");
        Files.delete(folder.resolve("images/2.png"));
        assertThatThrownBy(() -> set.read(0, 2))
                .hasMessage("The image images/2.png was there when the run began; put it back.");
        Files.writeString(folder.resolve("captions.jsonl"), "x".repeat(1000));
        assertThatThrownBy(() -> set.read(0, 1)).hasMessageContaining("has changed since the run began");
    }
}
