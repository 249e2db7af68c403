package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Shapes.curved;
import static io.llm2clip.demo.scenes.Shapes.line;
import static io.llm2clip.demo.scenes.Shapes.polygon;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;

/** Paints the ground and what lies on the horizon, in pixels of 128. */
final class GroundPainter {
    private static final int END = SceneRenderer.UNITS;

    private final Graphics2D graphics;
    private final Scene scene;
    private final int horizon;
    private final SceneRandom random;

    GroundPainter(Graphics2D graphics, Scene scene) {
        this.graphics = graphics;
        this.scene = scene;
        this.horizon = scene.horizon();
        this.random = scene.random(Purpose.GROUND);
    }

    void paint() {
        switch (scene.setting()) {
            case MEADOW -> {
                hills(new Color(104, 176, 92), 15);
                hills(new Color(92, 164, 78), 8);
                ground(new Color(120, 190, 80), new Color(70, 140, 60));
                tufts(new Color(48, 112, 46));
            }
            case BEACH -> {
                band(new Color(52, 140, 206), horizon - 9, horizon + 4);
                band(new Color(40, 118, 190), horizon - 9, horizon - 6);
                ground(new Color(240, 220, 165), new Color(222, 190, 125));
                surf();
                specks(new Color(190, 152, 92));
            }
            case DESERT -> {
                hills(new Color(226, 166, 88), 15);
                hills(new Color(214, 150, 74), 8);
                ground(new Color(235, 180, 100), new Color(200, 135, 70));
                ripples(new Color(176, 112, 54), 9);
            }
            case SNOW_FIELD -> {
                hills(new Color(214, 228, 242), 14);
                hills(new Color(226, 237, 248), 8);
                ground(new Color(240, 246, 252), new Color(205, 220, 236));
                ripples(new Color(176, 196, 220), 7);
            }
            case LAKE -> {
                hills(new Color(78, 140, 88), 9);
                ground(new Color(80, 150, 205), new Color(40, 95, 160));
                ripples(new Color(176, 216, 242), 16);
            }
            case MOUNTAINS -> {
                peaks();
                ground(new Color(90, 140, 95), new Color(58, 100, 70));
                tufts(new Color(40, 78, 52));
            }
            case FARMLAND -> {
                hills(new Color(110, 158, 84), 8);
                ground(new Color(170, 125, 75), new Color(120, 82, 50));
                furrows();
            }
            case CITY -> {
                towers();
                ground(new Color(150, 152, 158), new Color(105, 108, 116));
                road();
            }
        }
    }

    private void ground(Color top, Color bottom) {
        graphics.setPaint(new GradientPaint(0, horizon, top, 0, END, bottom));
        graphics.fill(new Rectangle2D.Double(0, horizon, END, END - horizon));
    }

    private void band(Color colour, double top, double bottom) {
        graphics.setColor(colour);
        graphics.fill(new Rectangle2D.Double(0, top, END, bottom - top));
    }

    private void hills(Color colour, double height) {
        graphics.setColor(colour);
        double left = horizon - random.uniform(0.2, 0.9) * height;
        double middle = horizon - random.uniform(0.2, 0.9) * height;
        double right = horizon - random.uniform(0.2, 0.9) * height;
        double bend = random.uniform(0.4, 1) * height;
        graphics.fill(curved(
                0,
                END,
                0,
                END,
                0,
                left,
                0,
                left,
                20,
                left - bend,
                44,
                middle - bend,
                64,
                middle,
                84,
                middle + bend,
                108,
                right - bend,
                END,
                right,
                END,
                END,
                END,
                END,
                END,
                END));
    }

    private void surf() {
        graphics.setColor(new Color(255, 255, 255, 210));
        double y = horizon + 0.5;
        graphics.fill(Shapes.drawn(1.4, 0, y, 22, y + 2.4, 42, y - 2.4, 64, y, 86, y + 2.4, 106, y - 2.4, END, y));
    }

    private void tufts(Color colour) {
        graphics.setColor(colour);
        for (int i = 0; i < 14; i++) {
            double x = random.uniform(3, 125);
            double y = random.uniform(horizon + 6, 126);
            graphics.fill(polygon(x - 1.6, y, x - 1, y - 3, x, y - 0.6, x + 1.1, y - 3.2, x + 1.6, y));
        }
    }

    private void specks(Color colour) {
        graphics.setColor(colour);
        for (int i = 0; i < 26; i++) {
            graphics.fill(Shapes.circle(random.uniform(0, END), random.uniform(horizon + 6, END), 0.6));
        }
    }

    private void ripples(Color colour, int count) {
        graphics.setColor(colour);
        for (int i = 0; i < count; i++) {
            double depth = random.uniform();
            double x = random.uniform(4, 116);
            double y = horizon + 5 + depth * (END - horizon - 9);
            double length = 4 + 8 * depth;
            graphics.fill(Shapes.drawn(0.9, x, y, x + length / 3, y - 1.2, x + 2 * length / 3, y + 1.2, x + length, y));
        }
    }

    private void peaks() {
        for (int layer = 0; layer < 2; layer++) {
            Color rock = layer == 0 ? new Color(138, 146, 170) : new Color(112, 118, 144);
            int count = layer == 0 ? 3 : 4;
            for (int i = 0; i < count; i++) {
                double x = (i + 0.5) * END / count + random.uniform(-8, 8);
                double height = layer == 0 ? random.uniform(28, 36) : random.uniform(17, 26);
                double width = height * 0.85;
                double top = horizon - height;
                graphics.setColor(rock);
                graphics.fill(polygon(x - width, horizon + 1, x, top, x + width, horizon + 1));
                graphics.setColor(new Color(40, 44, 70, 40));
                graphics.fill(polygon(x, top, x + width, horizon + 1, x + 0.25 * width, horizon + 1));
                graphics.setColor(new Color(246, 249, 253));
                double cap = 0.34;
                graphics.fill(polygon(
                        x - cap * width,
                        top + cap * height,
                        x,
                        top,
                        x + cap * width,
                        top + cap * height,
                        x + 0.16 * width,
                        top + 0.24 * height,
                        x,
                        top + 0.4 * height,
                        x - 0.16 * width,
                        top + 0.24 * height));
            }
        }
    }

    private void furrows() {
        graphics.setColor(new Color(92, 60, 36));
        double vanishing = 64 + random.uniform(-10, 10);
        for (int i = -9; i <= 9; i++) {
            double near = vanishing + 19 * i;
            double far = vanishing + 7.2 * i;
            graphics.fill(polygon(far - 0.4, horizon, far + 0.4, horizon, near + 2.4, END, near - 2.4, END));
        }
    }

    private void towers() {
        Color lit = scene.light() == Light.NOON ? new Color(206, 222, 236) : new Color(255, 222, 120);
        double x = -random.uniform(0, 6);
        while (x < END) {
            double width = random.uniform(9, 16);
            double height = random.uniform(14, 35);
            int shade = random.between(0, 26);
            double top = horizon - height;
            graphics.setColor(new Color(72 + shade, 82 + shade, 108 + shade));
            graphics.fill(new Rectangle2D.Double(x, top, width, height + 1));
            if (random.chance(0.3)) {
                graphics.fill(line(0.9, x + width / 2, top, x + width / 2, top - 5));
            }
            graphics.setColor(lit);
            for (double wy = top + 3; wy < horizon - 4; wy += 5) {
                for (double wx = x + 2; wx < x + width - 3; wx += 3.8) {
                    if (random.chance(0.55)) {
                        graphics.fill(new Rectangle2D.Double(wx, wy, 1.9, 2.5));
                    }
                }
            }
            x += width + random.uniform(0, 1.5);
        }
    }

    private void road() {
        band(new Color(78, 80, 90), 84, 116);
        band(new Color(196, 198, 204), 82.6, 84);
        band(new Color(196, 198, 204), 116, 117.4);
        graphics.setColor(new Color(250, 226, 140));
        double offset = random.uniform(-12, 6);
        for (int i = 0; i < 7; i++) {
            graphics.fill(new Rectangle2D.Double(offset + 22 * i, 99, 11, 2));
        }
    }
}
