import { installTrustedTypes } from "./trusted-types.ts";
import "../ui/styles.css";
import "virtual:mantine-variables.css";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { stayOutOfBackForwardCache } from "./leave.ts";
import { openDevice } from "../sync/open-device.ts";
import { sealTyping } from "../ui/typing.ts";
import { startServiceWorker } from "./service-worker-client.ts";

installTrustedTypes();
stayOutOfBackForwardCache();

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
const device = openDevice(sealTyping);
createRoot(root).render(<App device={device} />);
startServiceWorker(device);
